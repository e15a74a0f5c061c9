#include "config/print.h"

#include "config/access.h"
#include "config/address.h"
#include "config/duration.h"
#include "config/names.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace config {
namespace {

/// Writes `key = value` lines, in the order of the calls.
class Writer {
public:
    void header(std::string_view header) { out_ << (out_.tellp() > 0 ? "\n" : "") << header << '\n'; }

    void comment(std::string_view comment) { out_ << "# " << comment << '\n'; }

    void text(std::string_view key, std::string_view value) { value_line(key, toml::value<std::string>(value)); }

    /// Leaves out what is empty, which is the default of every text that may be.
    void text_unless_empty(std::string_view key, std::string_view value) {
        if (!value.empty()) {
            text(key, value);
        }
    }

    void texts(std::string_view key, const std::vector<std::string>& values) {
        toml::array array;
        for (const std::string& value : values) {
            array.push_back(value);
        }
        value_line(key, array);
    }

    void integer(std::string_view key, std::int64_t value) { value_line(key, toml::value<std::int64_t>(value)); }

    void boolean(std::string_view key, bool value) { value_line(key, toml::value<bool>(value)); }

    std::string result() const { return out_.str(); }

private:
    void value_line(std::string_view key, const toml::node& value) {
        out_ << key << " = " << toml::toml_formatter(value, toml::format_flags::allow_unicode_strings) << '\n';
    }

    std::ostringstream out_;
};

/// The list as libpq writes it: empty when every entry is, a single entry when all are the same.
template <typename Entry>
std::string join(const std::vector<Target>& targets, const Entry& entry) {
    std::string list;
    for (const Target& target : targets) {
        list.append(&target == &targets.front() ? "" : ",").append(entry(target));
    }
    return list.find_first_not_of(',') == list.npos ? "" : list;
}

bool share_port(const std::vector<Target>& targets) {
    return std::all_of(targets.begin(), targets.end(),
                       [&](const Target& target) { return target.port == targets.front().port; });
}

void print_targets(Writer& out, const std::vector<Target>& targets) {
    out.text_unless_empty("host", join(targets, [](const Target& target) { return target.host; }));
    out.text_unless_empty("hostaddr", join(targets, [](const Target& target) { return target.hostaddr; }));
    if (!targets.empty() && share_port(targets)) {
        out.integer("port", targets.front().port);
    } else {
        out.text_unless_empty("port", join(targets, [](const Target& target) { return std::to_string(target.port); }));
    }
}

void print_tls(Writer& out, const Upstream& upstream) {
    out.text("sslmode", to_string(upstream.sslmode));
    out.text("sslnegotiation", to_string(upstream.sslnegotiation));
    out.text_unless_empty("sslrootcert", upstream.sslrootcert);
    out.text_unless_empty("sslcrl", upstream.sslcrl.string());
    out.text_unless_empty("sslcrldir", upstream.sslcrldir.string());
    out.text_unless_empty("sslcert", upstream.sslcert.string());
    out.text_unless_empty("sslkey", upstream.sslkey.string());
    if (!upstream.sslpassword.empty()) {
        out.comment("sslpassword is set, and not shown");
    }
    out.boolean("sslsni", upstream.sslsni);
    out.boolean("ocsp_stapling", upstream.ocsp_stapling);
    out.text("ssl_min_protocol_version", to_string(upstream.ssl_min_protocol_version));
    if (upstream.ssl_max_protocol_version) {
        out.text("ssl_max_protocol_version", to_string(*upstream.ssl_max_protocol_version));
    }
}

void print_tcp(Writer& out, const Upstream& upstream) {
    out.integer("connect_timeout", upstream.connect_timeout.count());
    out.integer("connect_retry", upstream.connect_retry.count());
    out.integer("dns_ttl", upstream.dns_ttl.count());
    out.boolean("keepalives", upstream.keepalives);
    out.integer("keepalives_idle", upstream.keepalives_idle.count());
    out.integer("keepalives_interval", upstream.keepalives_interval.count());
    out.integer("keepalives_count", upstream.keepalives_count);
    out.integer("tcp_user_timeout", upstream.tcp_user_timeout.count());
    out.text("load_balance_hosts", to_string(upstream.load_balance_hosts));
}

void print_access(Writer& out, const Access& access) {
    out.boolean("allow_remote_clients", access.allow_remote_clients);
    if (!access.allow_users.empty()) {
        std::vector<std::string> users;
        std::ranges::transform(access.allow_users, std::back_inserter(users), &Account::name);
        out.texts("allow_users", users);
    }
    out.text("unix_socket_permissions", format_permissions(access.unix_socket_permissions));
    out.text_unless_empty("unix_socket_owner", access.unix_socket_owner.value_or(Account()).name);
    out.text_unless_empty("unix_socket_group", access.unix_socket_group.value_or(Account()).name);
}

void print_listener(Writer& out, const Listener& listener) {
    std::vector<std::string> addresses;
    std::transform(listener.address.begin(), listener.address.end(), std::back_inserter(addresses),
                   [](const Address& address) { return to_string(address); });
    out.header("[[listener]]");
    out.text("name", listener.name);
    out.texts("address", addresses);
    out.text_unless_empty("user_suffix", listener.user_suffix);
    if (listener.max_connections) {
        out.integer("max_connections", *listener.max_connections);
    }
    print_access(out, listener.access);
    out.header("[listener.upstream]");
    print_targets(out, listener.upstream.targets);
    print_tls(out, listener.upstream);
    print_tcp(out, listener.upstream);
}

} // namespace

std::string to_toml(const Settings& settings) {
    const auto& [admin, log, limits, listeners] = settings;
    Writer out;
    out.header("[admin]");
    out.text("listen", admin.listen ? to_string(*admin.listen) : "off");
    out.text("ready_probe", to_string(admin.ready_probe));
    out.boolean("quitquitquit", admin.quitquitquit);
    out.header("[log]");
    out.text("level", to_string(log.level));
    out.text("format", to_string(log.format));
    out.integer("max_repeats", log.max_repeats);
    out.header("[limits]");
    out.integer("max_connections", limits.max_connections);
    out.text("startup_timeout", to_string(limits.startup_timeout));
    out.text("drain_delay", to_string(limits.drain_delay));
    out.text("drain_timeout", to_string(limits.drain_timeout));
    out.text("half_close_timeout", to_string(limits.half_close_timeout));
    out.text("idle_timeout", to_string(limits.idle_timeout));
    out.integer("warm_connections", limits.warm_connections);
    out.integer("workers", limits.workers);
    for (const Listener& listener : listeners) {
        print_listener(out, listener);
    }
    return out.result();
}

} // namespace config
