#pragma once

#include "config/settings.h"
#include "tls/asio.h"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

/// Small helpers over Asio's sockets that more than one part needs.
namespace proxy {

using tls::Awaitable;
using tls::Executor;
using tls::TcpSocket;

/// The app's side: TCP or a Unix socket.
using AppSocket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;

/// Sends all of `data`, waiting as often as it takes.
Awaitable<boost::system::error_code> write_all(AppSocket& socket, std::span<const std::uint8_t> data);

/// "127.0.0.1:5432" or "[::1]:5432".
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

/// Nothing for a Unix socket.
std::optional<boost::asio::ip::tcp::endpoint> to_tcp(const boost::asio::generic::stream_protocol::endpoint& endpoint);

/// The peer or own address of a socket, in the notation of the configuration: "127.0.0.1:5432", "unix:/path".
std::string to_string(const boost::asio::generic::stream_protocol::endpoint& endpoint);

/// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();

    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    int release() { return std::exchange(number_, -1); }
    void reset(int number = -1); ///< closes it, and owns `number` from now on

private:
    int number_;
};

/// A connection that was accepted and belongs to no event loop yet.
class Arrival {
public:
    using Endpoint = boost::asio::generic::stream_protocol::endpoint;

    Arrival(Descriptor descriptor, const Endpoint& peer, bool in_reserve)
        : descriptor_(std::move(descriptor)), peer_(peer), in_reserve_(in_reserve) {}

    /// Who is at the other end: an address, or user and process of a Unix socket's peer.
    std::string client() const;

    /// Whether there was no descriptor left but the one kept in reserve, so that none can be had for a server.
    bool in_reserve() const { return in_reserve_; }

    /// Hands it over to a closed `socket`, whose event loop watches it from now on. Throws boost::system::system_error.
    void move_to(AppSocket& socket);

private:
    Descriptor descriptor_;
    Endpoint peer_;
    bool in_reserve_;
};

/// The same connection, registered anew and non-blocking: where Asio has once waited to write, as for a connect, it
/// goes on to be woken by all that the peer acknowledges. Throws boost::system::system_error.
TcpSocket forget_writing(TcpSocket socket, const boost::asio::ip::tcp& protocol);

/// The keepalive settings of libpq, and TCP_NODELAY. What the system refuses is left as it is.
void set_options(TcpSocket& socket, const config::Upstream& settings);

} // namespace proxy
