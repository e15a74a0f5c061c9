#include "config/load.h"

#include "config/address.h"
#include "config/duration.h"
#include "config/listeners.h"
#include "config/names.h"
#include "config/text.h"

namespace config {
namespace {

/// What the flag says, or else the variable.
std::optional<Given> find_given(const std::optional<std::string>& flag, const char* flag_name,
                                const Environment& environment, const char* variable) {
    if (flag) {
        return Given{*flag, flag_name};
    }
    if (const auto value = find_variable(environment, variable)) {
        return Given{*value, variable};
    }
    return std::nullopt;
}

std::vector<Given> find_listen(const Overrides& flags, const Environment& environment) {
    std::vector<Given> listen;
    for (const std::string& address : flags.listen) {
        listen.push_back({address, "--listen"});
    }
    const char* variable = "PG_TLS_PROXY_LISTEN";
    const auto value = find_variable(environment, variable);
    if (listen.empty() && value) {
        for (const std::string& address : split_at_commas(*value)) {
            listen.push_back({address, variable});
        }
    }
    return listen;
}

Draft read_draft(const Overrides& flags, const Environment& environment) {
    const auto flag = flags.config ? std::optional(flags.config->string()) : std::nullopt;
    const auto file = find_given(flag, "--config", environment, "PG_TLS_PROXY_CONFIG");
    return file ? read_file(file->text, file->place) : Draft();
}

void override_admin(Draft& draft, const Overrides& flags, const Environment& environment) {
    if (const auto listen = find_given(flags.admin, "--admin", environment, "PG_TLS_PROXY_ADMIN")) {
        draft.admin.listen = listen->parse(parse_admin_address);
        draft.admin_place = listen->place;
    }
    if (flags.ready_probe) {
        draft.admin.ready_probe = Given{*flags.ready_probe, "--ready-probe"}.parse(parse_duration);
    }
}

void override_log(Log& log, const Overrides& flags, const Environment& environment) {
    if (const auto level = find_given(flags.log_level, "--log-level", environment, "PG_TLS_PROXY_LOG_LEVEL")) {
        log.level = level->parse(parse_log_level);
    }
    if (const auto format = find_given(flags.log_format, "--log-format", environment, "PG_TLS_PROXY_LOG_FORMAT")) {
        log.format = format->parse(parse_log_format);
    }
}

unsigned parse_warm(const std::string& text) {
    const int number = parse_integer(text);
    if (number < 0 || number > static_cast<int>(Limits::max_warm_connections)) {
        throw Error(in_quotes(text) + " is out of range; it can be 0 to " +
                    std::to_string(Limits::max_warm_connections));
    }
    return static_cast<unsigned>(number);
}

void override_limits(Limits& limits, const Overrides& flags) {
    if (flags.warm) {
        limits.warm_connections = Given{*flags.warm, "--warm"}.parse(parse_warm);
    }
}

} // namespace

Loaded load(const Overrides& flags, const Environment& environment) {
    Draft draft = read_draft(flags, environment);
    override_admin(draft, flags, environment);
    override_log(draft.log, flags, environment);
    override_limits(draft.limits, flags);
    const ListenerOverrides overrides = {
        .listen = find_listen(flags, environment),
        .allow_remote_clients = flags.allow_remote_clients,
        .upstream = find_given(flags.upstream, "--upstream", environment, "PG_TLS_PROXY_UPSTREAM"),
        .variables = read_libpq_variables(environment),
    };
    Loaded loaded;
    loaded.settings = {draft.admin, draft.log, draft.limits, make_listeners(draft, overrides, loaded.notices)};
    return loaded;
}

} // namespace config
