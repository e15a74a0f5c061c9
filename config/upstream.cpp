#include "config/upstream.h"

#include "config/error.h"
#include "config/keywords.h"
#include "config/names.h"
#include "config/targets.h"

#include <algorithm>
#include <ranges>

namespace config {
namespace {

/// The parameter with that keyword, or null.
const Parameter* find(const std::vector<Parameter>& parameters, std::string_view keyword) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const Parameter& parameter) { return parameter.keyword == keyword; });
    return found == parameters.end() ? nullptr : &*found;
}

/// The parameters that count, each keyword once.
std::vector<Parameter> last_of_each(const std::vector<Parameter>& parameters) {
    std::vector<Parameter> effective;
    for (const Parameter& last : parameters | std::views::reverse) {
        if (find(effective, last.keyword) == nullptr) {
            effective.push_back(last);
        }
    }
    std::reverse(effective.begin(), effective.end());
    return effective;
}

void apply(const Parameter& parameter, ParsedUpstream& parsed) {
    const Keyword keyword = at(parameter.place, [&] { return find_keyword(parameter.keyword); });
    if (keyword.apply == nullptr) {
        parsed.ignored.push_back(parameter.keyword);
        return;
    }
    if (parameter.value.find('\0') != parameter.value.npos) {
        throw Error(parameter.where(), "the value holds a NUL byte");
    }
    at(parameter.where(), [&] { keyword.apply(parsed.upstream, parameter.value); });
    if (!parameter.notice.empty()) {
        parsed.notices.push_back(parameter.notice);
    }
}

void check_names(const Upstream& upstream, const std::vector<Parameter>& parameters) {
    const bool all_named = std::none_of(upstream.targets.begin(), upstream.targets.end(),
                                        [](const Target& target) { return target.host.empty(); });
    if (upstream.sslmode == SslMode::verify_full && !all_named) {
        throw Error(find(parameters, "hostaddr")->where(),
                    "sslmode=verify-full needs the name to verify as well; add host=NAME");
    }
}

/// libpq 16 and later refuse this too.
void check_system_roots(const Upstream& upstream, const std::vector<Parameter>& parameters) {
    if (upstream.sslrootcert == "system" && upstream.sslmode != SslMode::verify_full) {
        throw Error(find(parameters, "sslmode")->where(),
                    in_quotes(to_string(upstream.sslmode)) +
                        " is too weak with sslrootcert=system, where anyone can get "
                        "a certificate; use verify-full");
    }
}

void check_protocol_versions(const Upstream& upstream, const std::vector<Parameter>& parameters) {
    const TlsVersion min = upstream.ssl_min_protocol_version;
    const TlsVersion max = upstream.ssl_max_protocol_version.value_or(TlsVersion::tls1_3);
    if (min > max) {
        throw Error(find(parameters, "ssl_max_protocol_version")->where(),
                    std::string(to_string(max)) + " is below ssl_min_protocol_version, " + std::string(to_string(min)) +
                        (find(parameters, "ssl_min_protocol_version") == nullptr ? " by default" : ""));
    }
}

} // namespace

ParsedUpstream make_upstream(const std::vector<Parameter>& parameters, const std::string& place) {
    const std::vector<Parameter> effective = last_of_each(parameters);
    ParsedUpstream parsed;
    for (const Parameter& parameter : effective) {
        apply(parameter, parsed);
    }
    Upstream& upstream = parsed.upstream;
    upstream.targets = make_targets(find(effective, "host"), find(effective, "hostaddr"), find(effective, "port"));
    if (upstream.targets.empty()) {
        throw Error(place, "no host to connect to; set upstream.host in the file or, for a single listener, give "
                           "--upstream host=NAME or PGHOST");
    }
    check_names(upstream, effective);
    check_system_roots(upstream, effective);
    check_protocol_versions(upstream, effective);
    return parsed;
}

} // namespace config
