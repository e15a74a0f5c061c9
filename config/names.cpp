#include "config/names.h"

#include "config/error.h"
#include "config/nearest.h"

#include <algorithm>
#include <array>
#include <strings.h>

namespace config {
namespace {

/// The spellings of one enumeration, in the order of its enumerators.
template <std::size_t Size>
using Names = std::array<std::string_view, Size>;

constexpr Names<3> sslmode_names = {"require", "verify-ca", "verify-full"};
constexpr Names<2> sslnegotiation_names = {"postgres", "direct"};
constexpr Names<2> load_balance_hosts_names = {"disable", "random"};
constexpr Names<4> tls_version_names = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
constexpr Names<4> log_level_names = {"debug", "info", "warn", "error"};
constexpr Names<2> log_format_names = {"text", "json"};

template <typename Value, std::size_t Size>
std::string_view name_of(Value value, const Names<Size>& names) {
    return names.at(static_cast<std::size_t>(value));
}

bool same(std::string_view left, std::string_view right) {
    return left == right;
}

bool same_but_for_case(std::string_view left, std::string_view right) {
    return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

template <typename Value, std::size_t Size>
Value value_of(std::string_view text, const Names<Size>& names,
               bool (*matches)(std::string_view, std::string_view) = same) {
    const auto found = std::find_if(names.begin(), names.end(), [&](auto name) { return matches(name, text); });
    if (found != names.end()) {
        return static_cast<Value>(found - names.begin());
    }
    std::string problem = in_quotes(text) + " is not one of ";
    for (const std::string_view name : names) {
        problem.append(name == names.front() ? "" : ", ").append(name);
    }
    throw Error(problem + did_you_mean(text, names));
}

} // namespace

std::string_view to_string(SslMode value) {
    return name_of(value, sslmode_names);
}
std::string_view to_string(SslNegotiation value) {
    return name_of(value, sslnegotiation_names);
}
std::string_view to_string(LoadBalanceHosts value) {
    return name_of(value, load_balance_hosts_names);
}
std::string_view to_string(TlsVersion value) {
    return name_of(value, tls_version_names);
}
std::string_view to_string(LogLevel value) {
    return name_of(value, log_level_names);
}
std::string_view to_string(LogFormat value) {
    return name_of(value, log_format_names);
}

SslMode parse_sslmode(std::string_view text) {
    if (text == "disable" || text == "allow" || text == "prefer") {
        throw Error(in_quotes(text) +
                    " is refused: it lets a connection go out in clear, and nothing may; use verify-full "
                    "(the default), verify-ca or require");
    }
    if (text == "verify-all") {
        throw Error("\"verify-all\" is a misprint that libpq does not know either; verify-full was meant");
    }
    return value_of<SslMode>(text, sslmode_names);
}

SslNegotiation parse_sslnegotiation(std::string_view text) {
    return value_of<SslNegotiation>(text, sslnegotiation_names);
}

LoadBalanceHosts parse_load_balance_hosts(std::string_view text) {
    return value_of<LoadBalanceHosts>(text, load_balance_hosts_names);
}

TlsVersion parse_tls_version(std::string_view text) {
    return value_of<TlsVersion>(text, tls_version_names, same_but_for_case);
}

LogLevel parse_log_level(std::string_view text) {
    return value_of<LogLevel>(text, log_level_names);
}
LogFormat parse_log_format(std::string_view text) {
    return value_of<LogFormat>(text, log_format_names);
}

} // namespace config
