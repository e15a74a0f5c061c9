#include "proxy/listening/acceptor.h"

#include "proxy/listening/unix_socket.h"
#include "proxy/report/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/socket.h>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Out of descriptors, connections stay in the kernel's queue: each time one is told so, until sessions end.
constexpr std::chrono::milliseconds pause_when_exhausted{100};

/// Leaves errno as accept4(2) does.
Descriptor accept_from(int listener, Acceptor::Endpoint& peer) {
    auto size = static_cast<socklen_t>(peer.capacity());
    Descriptor descriptor(accept4(listener, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (descriptor.is_open()) {
        peer.resize(size);
    }
    return descriptor;
}

/// The listener outlives what a single connection meets, such as a lack of memory.
bool hand_over(const Acceptor::OnAccept& on_accept, Descriptor descriptor, const Acceptor::Endpoint& peer,
               bool in_reserve = false) {
    try {
        on_accept(std::make_unique<Arrival>(std::move(descriptor), peer, in_reserve));
        return true;
    } catch (const std::exception& error) {
        log::error("cannot take a connection", {{"error", error.what()}});
        return false;
    }
}

void keep_one(Descriptor& reserve) {
    if (!reserve.is_open()) {
        reserve.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
}

/// Gives the reserve to the next in the queue, so that it hears why it cannot be served.
void accept_in_reserve(int listener, const Acceptor::OnAccept& on_accept, Descriptor& reserve) {
    reserve.reset();
    Acceptor::Endpoint peer;
    Descriptor descriptor = accept_from(listener, peer);
    if (descriptor.is_open()) {
        hand_over(on_accept, std::move(descriptor), peer, true);
    } else {
        keep_one(reserve);
    }
}

std::string unix_path(const Acceptor::Endpoint& endpoint) {
    constexpr std::string_view prefix = "unix:";
    const std::string text = to_string(endpoint);
    return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string();
}

} // namespace

Acceptor::Acceptor(const asio::any_io_executor& executor, const Endpoint& endpoint, const config::Access& access)
    : socket_(std::make_shared<Socket>(executor)) {
    try {
        bind(endpoint);
        // Nobody can connect before listen(), so there is no moment with other permissions.
        set_access(access);
        socket_->listen();
        socket_->native_non_blocking(true);
    } catch (const boost::system::system_error& error) {
        close();
        throw std::runtime_error("cannot listen on " + to_string(endpoint) + ": " + error.code().message());
    } catch (...) {
        close();
        throw;
    }
}

void Acceptor::bind(const Endpoint& endpoint) {
    const std::string path = unix_path(endpoint);
    if (!path.empty()) {
        remove_stale_socket(path);
    }
    socket_->open(endpoint.protocol());
    if (path.empty()) {
        socket_->set_option(asio::socket_base::reuse_address(true));
    }
    if (endpoint.protocol().family() == AF_INET6) {
        socket_->set_option(asio::ip::v6_only(true));
    }
    socket_->bind(endpoint);
    unix_path_ = path; // ours to remove from here on
}

void Acceptor::set_access(const config::Access& access) const {
    if (!unix_path_.empty()) {
        set_permissions(unix_path_, access);
    }
}

config::Access Acceptor::access() const {
    return unix_path_.empty() ? config::Access() : permissions_of(unix_path_);
}

Acceptor::~Acceptor() {
    on_accept_ = nullptr; // there may be nobody left to hand over to
    close();
}

void Acceptor::close() {
    if (on_accept_ && socket_->is_open()) {
        Descriptor none(-1);
        accept_burst(*socket_, on_accept_, none);
    }
    error_code ignored;
    socket_->close(ignored);
    if (!unix_path_.empty()) {
        std::error_code gone;
        std::filesystem::remove(unix_path_, gone);
        unix_path_.clear();
    }
}

Awaitable<void> Acceptor::run(OnAccept on_accept) {
    on_accept_ = std::move(on_accept);
    Descriptor reserve(-1);
    keep_one(reserve);
    return accept_until_closed(socket_, on_accept_, std::move(reserve));
}

Awaitable<void> Acceptor::accept_until_closed(std::shared_ptr<Socket> socket, OnAccept on_accept, Descriptor reserve) {
    asio::steady_timer pause(socket->get_executor());
    while (socket->is_open()) {
        auto wait = socket->async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::deferred));
        co_await std::move(wait);
        keep_one(reserve); // before anybody else has what has become free
        if (socket->is_open() && !accept_burst(*socket, on_accept, reserve)) {
            pause.expires_after(pause_when_exhausted);
            auto paused = pause.async_wait(asio::as_tuple(asio::deferred));
            co_await std::move(paused);
        }
    }
}

/// Takes what is in the queue. False if there is no going on for now: out of descriptors or memory.
bool Acceptor::accept_burst(Socket& socket, const OnAccept& on_accept, Descriptor& reserve) {
    while (socket.is_open()) {
        Endpoint peer;
        Descriptor descriptor = accept_from(socket.native_handle(), peer);
        const int error = errno;
        if (descriptor.is_open()) {
            if (!hand_over(on_accept, std::move(descriptor), peer)) {
                return false;
            }
        } else if (error == EAGAIN || error == EWOULDBLOCK) {
            return true;
        } else if (error != EINTR && error != ECONNABORTED) {
            log::error("cannot accept connections for now", {{"address", to_string(socket.local_endpoint())},
                                                             {"error", std::generic_category().message(error)}});
            if (reserve.is_open() && (error == EMFILE || error == ENFILE)) {
                accept_in_reserve(socket.native_handle(), on_accept, reserve);
            }
            return false;
        }
    }
    return true;
}

std::vector<Acceptor::Endpoint> to_endpoints(const config::Address& address) {
    if (const auto* local = std::get_if<config::UnixAddress>(&address)) {
        return {asio::local::stream_protocol::endpoint(local->path.string())};
    }
    const auto& tcp = std::get<config::TcpAddress>(address);
    if (tcp.host != "localhost") {
        return {asio::ip::tcp::endpoint(asio::ip::make_address(tcp.host), tcp.port)};
    }
    std::vector<Acceptor::Endpoint> endpoints = {asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), tcp.port)};
    if (std::filesystem::exists("/proc/net/if_inet6")) {
        endpoints.emplace_back(asio::ip::tcp::endpoint(asio::ip::address_v6::loopback(), tcp.port));
    }
    return endpoints;
}

} // namespace proxy
