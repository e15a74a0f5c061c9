#include "proxy/socket.h"

#include "config/address.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <cstring>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

Awaitable<error_code> write_all(AppSocket& socket, std::span<const std::uint8_t> data) {
    error_code error;
    while (!data.empty()) {
        data = data.subspan(socket.write_some(asio::buffer(data.data(), data.size()), error));
        if (error == asio::error::would_block) {
            auto operation = socket.async_wait(AppSocket::wait_write, asio::as_tuple(asio::deferred));
            std::tie(error) = co_await std::move(operation);
        }
        if (error) {
            co_return error;
        }
    }
    co_return error;
}

std::string to_string(const asio::ip::tcp::endpoint& endpoint) {
    return config::to_string(config::TcpAddress{endpoint.address().to_string(), endpoint.port()});
}

namespace {

// Of an app on another machine, in seconds: what the server's side has by default.
constexpr std::int64_t app_keepalive_idle = 60;
constexpr std::int64_t app_keepalive_interval = 10;
constexpr std::int64_t app_keepalive_count = 6;

/// Zero leaves what the system has.
void set_tcp_option(int descriptor, int option, std::int64_t value) {
    const int number = static_cast<int>(value);
    if (number > 0) {
        setsockopt(descriptor, IPPROTO_TCP, option, &number, sizeof number);
    }
}

/// In seconds, but for the count.
void set_keepalive(int descriptor, std::int64_t idle, std::int64_t interval, std::int64_t count) {
    set_tcp_option(descriptor, TCP_KEEPIDLE, idle);
    set_tcp_option(descriptor, TCP_KEEPINTVL, interval);
    set_tcp_option(descriptor, TCP_KEEPCNT, count);
}

} // namespace

std::optional<asio::ip::tcp::endpoint> to_tcp(const asio::generic::stream_protocol::endpoint& endpoint) {
    if (endpoint.protocol().family() == AF_UNIX) {
        return std::nullopt;
    }
    asio::ip::tcp::endpoint tcp;
    tcp.resize(endpoint.size());
    std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
    return tcp;
}

std::string to_string(const asio::generic::stream_protocol::endpoint& endpoint) {
    if (const auto tcp = to_tcp(endpoint)) {
        return to_string(*tcp);
    }
    sockaddr_un address{};
    std::memcpy(&address, endpoint.data(), std::min(endpoint.size(), sizeof address));
    return std::string("unix:") + address.sun_path;
}

Descriptor::~Descriptor() {
    reset();
}

void Descriptor::reset(int number) {
    if (is_open()) {
        close(number_);
    }
    number_ = number;
}

std::string Arrival::client() const {
    if (peer_.protocol().family() != AF_UNIX) {
        return to_string(peer_);
    }
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return "unix";
    }
    return "unix:uid=" + std::to_string(credentials.uid) + ",pid=" + std::to_string(credentials.pid);
}

void Arrival::move_to(AppSocket& socket) {
    socket.assign(peer_.protocol(), descriptor_.get());
    descriptor_.release();
    socket.non_blocking(true);
    if (const auto tcp = to_tcp(peer_)) {
        error_code ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        if (!tcp->address().is_loopback()) { // another machine may vanish without a word
            socket.set_option(asio::socket_base::keep_alive(true), ignored);
            set_keepalive(socket.native_handle(), app_keepalive_idle, app_keepalive_interval, app_keepalive_count);
        }
    }
}

TcpSocket forget_writing(TcpSocket socket, const asio::ip::tcp& protocol) {
    Descriptor descriptor(socket.release());
    TcpSocket fresh(socket.get_executor());
    fresh.assign(protocol, descriptor.get());
    descriptor.release();
    fresh.non_blocking(true);
    return fresh;
}

void set_options(TcpSocket& socket, const config::Upstream& settings) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(settings.keepalives), ignored);
    if (settings.keepalives) {
        set_keepalive(socket.native_handle(), settings.keepalives_idle.count(), settings.keepalives_interval.count(),
                      settings.keepalives_count);
    }
    set_tcp_option(socket.native_handle(), TCP_USER_TIMEOUT, settings.tcp_user_timeout.count());
}

} // namespace proxy
