#pragma once

#include "proxy/failure.h"
#include "proxy/socket.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

/// One name look-up, off the event loop: getaddrinfo() cannot be interrupted, so it runs on a thread of its own and
/// whoever waits for it can walk away.
class Lookup {
public:
    using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

    explicit Lookup(const boost::asio::any_io_executor& executor);
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;
    ~Lookup();

    /// The addresses of `host`, which may be a literal, in the system's order. Fails with Reason::dns.
    Awaitable<Result<Endpoints>> resolve(std::string host, std::uint16_t port);

    /// Ends a resolve() under way.
    void cancel();

private:
    struct State;

    std::shared_ptr<boost::asio::steady_timer> woken_; // never expires: cancelling it wakes the one who waits
    std::shared_ptr<State> state_;                     // shared with the thread, which may outlive the event loop
};

} // namespace proxy
