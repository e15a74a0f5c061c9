#pragma once

#include "config/settings.h"
#include "proxy/socket.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

/// A listening socket, TCP or Unix.
class Acceptor {
public:
    using Endpoint = boost::asio::generic::stream_protocol::endpoint;
    using OnAccept = std::function<void(std::unique_ptr<Arrival>)>;

    /// Binds and listens. A Unix socket that a dead process left behind is replaced; `access` says who may open it.
    /// Throws std::runtime_error that names the address and the reason.
    Acceptor(const boost::asio::any_io_executor& executor, const Endpoint& endpoint, const config::Access& access = {});
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor(); ///< removes the Unix socket

    /// Accepts until close(), and hands over what came. May outlive the acceptor.
    Awaitable<void> run(OnAccept on_accept);

    /// Lets others open the Unix socket from now on; no matter for TCP. Throws std::runtime_error.
    void set_access(const config::Access& access) const;

    /// Who may open the Unix socket as things are; the default for TCP.
    config::Access access() const;

    /// Hands over what is in the queue first: the kernel would reset it.
    void close();

    /// Where it listens really: with the port that the kernel chose for port 0.
    Endpoint endpoint() const { return socket_->local_endpoint(); }
    std::string address() const { return to_string(endpoint()); }

private:
    using Socket = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

    void bind(const Endpoint& endpoint);

    static Awaitable<void> accept_until_closed(std::shared_ptr<Socket> socket, OnAccept on_accept, Descriptor reserve);
    static bool accept_burst(Socket& socket, const OnAccept& on_accept, Descriptor& reserve);

    std::shared_ptr<Socket> socket_;
    std::string unix_path_;
    OnAccept on_accept_;
};

/// The endpoints to bind for an address: two for `localhost` where the machine has IPv6.
std::vector<Acceptor::Endpoint> to_endpoints(const config::Address& address);

} // namespace proxy
