#include "config/targets.h"

#include "config/address.h"
#include "config/error.h"
#include "config/text.h"

#include <algorithm>

namespace config {
namespace {

/// The entries between the commas of one parameter; none at all when it is absent or empty.
class List {
public:
    explicit List(const Parameter* source) : source_(source) {
        if (source != nullptr && !source->value.empty()) {
            entries_ = split_at_commas(source->value);
        }
    }

    std::size_t size() const { return entries_.size(); }

    /// The entry for one target; a single entry counts for all of them.
    std::string entry(std::size_t index) const {
        return entries_.empty() ? "" : entries_[std::min(index, entries_.size() - 1)];
    }

    std::string where() const { return source_->where(); }

    [[noreturn]] void fail(const std::string& problem) const { throw Error(where(), problem); }

private:
    const Parameter* source_;
    std::vector<std::string> entries_;
};

std::string take_host(const List& hosts, std::size_t index) {
    std::string host = hosts.entry(index);
    if (host.starts_with('/') || host.starts_with('@')) {
        hosts.fail(in_quotes(host) + " is a Unix socket, where PostgreSQL has no TLS; name a host");
    }
    if (is_ipv6_literal(host)) {
        return host;
    }
    if (host.starts_with('[')) {
        hosts.fail(in_quotes(host) + " has brackets, which only a URI needs; write the address alone, as in ::1");
    }
    if (host.find(':') != host.npos) {
        hosts.fail(in_quotes(host) + " has a colon; the port has a keyword of its own, port=5432");
    }
    if (std::any_of(host.begin(), host.end(), [](unsigned char byte) { return byte <= ' ' || byte == 0x7f; })) {
        hosts.fail(in_quotes(host) + " has a blank or a control character in it");
    }
    return host;
}

std::string take_hostaddr(const List& addresses, std::size_t index) {
    std::string address = addresses.entry(index);
    if (!address.empty() && !is_ipv4_literal(address) && !is_ipv6_literal(address)) {
        addresses.fail(in_quotes(address) + " is not an IP address; a name belongs into host");
    }
    return address;
}

std::uint16_t take_port(const List& ports, std::size_t index) {
    const std::string text = ports.entry(index);
    if (text.empty()) {
        return Target().port;
    }
    const int port = at(ports.where(), [&] { return parse_integer(text); });
    if (port < 1 || port > 65535) {
        ports.fail(in_quotes(text) + " is out of range; a port is 1 to 65535");
    }
    return static_cast<std::uint16_t>(port);
}

std::string mismatch(std::size_t size, std::size_t hosts) {
    return "a list of " + std::to_string(size) + " does not match a list of " + std::to_string(hosts) + " hosts; ";
}

} // namespace

std::vector<Target> make_targets(const Parameter* host, const Parameter* hostaddr, const Parameter* port) {
    const List hosts(host);
    const List addresses(hostaddr);
    const List ports(port);
    const std::size_t size = std::max(hosts.size(), addresses.size());
    if (addresses.size() != 0 && hosts.size() != 0 && addresses.size() != hosts.size()) {
        addresses.fail(mismatch(addresses.size(), hosts.size()) + "give one address for each");
    }
    if (size != 0 && ports.size() > 1 && ports.size() != size) {
        ports.fail(mismatch(ports.size(), size) + "give one port for all, or one for each");
    }
    std::vector<Target> targets;
    for (std::size_t i = 0; i < size; ++i) {
        targets.push_back({take_host(hosts, i), take_hostaddr(addresses, i), take_port(ports, i)});
        if (targets.back().host.empty() && targets.back().hostaddr.empty()) {
            (hosts.size() != 0 ? hosts : addresses).fail("an entry of the list is empty; name a host there");
        }
    }
    return targets;
}

} // namespace config
