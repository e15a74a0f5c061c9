#include "config/access.h"

#include "config/address.h"
#include "config/error.h"
#include "config/file.h"

#include <arpa/inet.h>
#include <charconv>
#include <grp.h>
#include <iomanip>
#include <pwd.h>
#include <sstream>

namespace config {
namespace {

constexpr unsigned all_permissions = 0777;

template <typename Number>
std::optional<Number> to_number(std::string_view text, int base = 10) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

bool is_loopback(const TcpAddress& address) {
    constexpr std::uint32_t loopback_network = 127;
    in_addr v4{};
    if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == loopback_network;
    }
    in6_addr v6{};
    return address.host == "localhost" ||
           (inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

} // namespace

unsigned parse_permissions(std::string_view text) {
    const auto permissions = to_number<unsigned>(text, 8);
    if (!permissions || *permissions > all_permissions) {
        throw Error(in_quotes(text) + " is not a file mode; write it in octal, such as \"0660\"");
    }
    return *permissions;
}

std::string format_permissions(unsigned permissions) {
    std::ostringstream out;
    out << std::oct << std::setfill('0') << std::setw(4) << permissions;
    return out.str();
}

Account find_user(const std::string& name) {
    if (const auto id = to_number<std::uint32_t>(name)) {
        return {name, *id};
    }
    const passwd* entry = getpwnam(name.c_str()); // while the configuration loads, nobody else asks
    if (entry == nullptr) {
        throw Error("there is no user " + in_quotes(name) + " on this machine; a number works without an entry");
    }
    return {name, entry->pw_uid};
}

Account find_group(const std::string& name) {
    if (const auto id = to_number<std::uint32_t>(name)) {
        return {name, *id};
    }
    const group* entry = getgrnam(name.c_str()); // as above
    if (entry == nullptr) {
        throw Error("there is no group " + in_quotes(name) + " on this machine; a number works without an entry");
    }
    return {name, entry->gr_gid};
}

bool is_local(const Address& address) {
    const auto* tcp = std::get_if<TcpAddress>(&address);
    return tcp == nullptr || is_loopback(*tcp);
}

void check_access(const ListenerDraft& listener) {
    for (const auto& [address, place] : listener.addresses) {
        if (!is_local(address) && !listener.access.allow_remote_clients) {
            throw Error(place, in_quotes(to_string(address)) +
                                   " can be reached from other machines, and what apps send to it is plaintext; listen "
                                   "on 127.0.0.1, [::1] or a Unix socket, or set allow_remote_clients = true in the "
                                   "listener (or --allow-remote-clients)");
        }
        if (std::holds_alternative<TcpAddress>(address) && !listener.access.allow_users.empty()) {
            throw Error(place, in_quotes(to_string(address)) +
                                   " cannot tell which user connects, as allow_users demands; listen on Unix sockets "
                                   "alone");
        }
    }
}

} // namespace config
