#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace proxy {

using Addresses = std::vector<boost::asio::ip::address>;
using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// The addresses with a port, in the same order.
Endpoints to_endpoints(const Addresses& addresses, std::uint16_t port);

/// The same with the address families taking turns, beginning with that of the first; each keeps its order.
/// Source: RFC 8305, section 4
Endpoints interleave(const Endpoints& endpoints);

/// "10.0.0.4:5432, [2001:db8::4]:5432"
std::string join(const Endpoints& endpoints);

} // namespace proxy
