#include "config/address.h"

#include "config/error.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <sys/un.h>

namespace config {
namespace {

bool is_literal(int family, std::string_view text) {
    in6_addr address{};
    return text.find('\0') == text.npos && inet_pton(family, std::string(text).c_str(), &address) == 1;
}

bool is_graphic(char letter) {
    return letter > ' ' && letter < '\x7f';
}

Error bad_address(std::string_view text, const std::string& problem) {
    return Error(in_quotes(text) + ' ' + escape_controls(problem)); // it may repeat the text
}

UnixAddress parse_unix(std::string_view text) {
    const std::string_view path = text.substr(text.find(':') + 1);
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (!path.starts_with('/')) {
        throw bad_address(text, "is not an absolute path; write unix:/path/to/socket");
    }
    if (path.find('\0') != path.npos) {
        throw bad_address(text, "holds a NUL byte");
    }
    if (path.size() > longest) {
        throw bad_address(text, "is too long for a Unix socket: the path has " + std::to_string(path.size()) +
                                    " bytes, the system takes " + std::to_string(longest));
    }
    return {.path = path};
}

std::uint16_t parse_port(std::string_view text, std::string_view port) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (port.empty()) {
        throw bad_address(text, "has no port; write one behind the colon, such as :5432");
    }
    if (error != std::errc() || end != port.data() + port.size()) {
        throw bad_address(text, "has a port that is not a number from 0 to 65535");
    }
    return value;
}

TcpAddress parse_bracketed(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == text.npos) {
        throw bad_address(text, "has a '[' without ']'; write [::1]:5432");
    }
    const std::string_view host = text.substr(1, close - 1);
    if (!is_ipv6_literal(host)) {
        throw bad_address(text, "has no IPv6 address between the brackets; write [::1]:5432");
    }
    const std::string_view rest = text.substr(close + 1);
    if (!rest.starts_with(':')) {
        throw bad_address(text, "has no port; write " + std::string(text.substr(0, close + 1)) + ":5432");
    }
    return {.host = std::string(host), .port = parse_port(text, rest.substr(1))};
}

TcpAddress parse_tcp(std::string_view text) {
    if (is_ipv6_literal(text)) {
        throw bad_address(text, "needs brackets and a port; write [" + std::string(text) + "]:5432");
    }
    const std::size_t colon = text.rfind(':');
    const std::string_view host = text.substr(0, colon);
    if (is_ipv6_literal(host)) {
        throw bad_address(text, "needs brackets; write [" + std::string(host) + "]" + std::string(text.substr(colon)));
    }
    if (host != "localhost" && !is_ipv4_literal(host)) {
        throw bad_address(text, "is not an address to listen on; write an IP address with a port (127.0.0.1:5432, "
                                "[::1]:5432), localhost:5432 or unix:/path");
    }
    if (colon == text.npos) {
        throw bad_address(text, "has no port; write " + std::string(text) + ":5432");
    }
    return {.host = std::string(host), .port = parse_port(text, text.substr(colon + 1))};
}

std::string spell(const TcpAddress& address) {
    const bool is_ipv6 = address.host.find(':') != address.host.npos;
    return (is_ipv6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

std::string spell(const UnixAddress& address) {
    return "unix:" + address.path.string();
}

} // namespace

Address parse_address(std::string_view text) {
    if (text.starts_with("unix:")) {
        return parse_unix(text);
    }
    if (text.starts_with('/')) {
        throw bad_address(text, "is a path; write unix:" + std::string(text));
    }
    if (text.starts_with('[')) {
        return parse_bracketed(text);
    }
    return parse_tcp(text);
}

std::optional<Address> parse_admin_address(std::string_view text) {
    return text == "off" ? std::nullopt : std::optional(parse_address(text));
}

std::string to_string(const Address& address) {
    return std::visit([](const auto& one) { return spell(one); }, address);
}

bool is_ipv4_literal(std::string_view text) {
    return is_literal(AF_INET, text);
}

bool is_ipv6_literal(std::string_view text) {
    const std::string_view address = text.substr(0, text.find('%'));
    const std::string_view zone = text.substr(address.size());
    const bool is_zone = zone.empty() || (zone.size() > 1 && std::ranges::all_of(zone, is_graphic));
    return is_zone && is_literal(AF_INET6, address);
}

} // namespace config
