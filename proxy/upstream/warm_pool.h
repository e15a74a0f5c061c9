#pragma once

#include "proxy/socket.h"
#include "proxy/upstream/demand.h"
#include "proxy/upstream/upstream.h"
#include "tls/stream.h"

#include <cstddef>
#include <list>
#include <memory>
#include <random>
#include <span>

namespace proxy {

/// Connections to one upstream on which TCP, SSLRequest and TLS are done and no StartupMessage was sent: a session that
/// takes one has saved three round trips. Lives on one worker.
class WarmPool : public std::enable_shared_from_this<WarmPool> {
public:
    /// Holds at most `limit`.
    WarmPool(Executor executor, std::shared_ptr<Upstream> upstream, std::size_t limit);
    WarmPool(const WarmPool&) = delete;
    WarmPool& operator=(const WarmPool&) = delete;
    ~WarmPool();

    /// A session begins: sends its startup packet over a warm connection and waits for the server to answer. Null if
    /// there is none, or if it has died without a word: then the packet was not heard and can be sent elsewhere.
    Awaitable<std::unique_ptr<tls::Stream>> open(std::span<const std::uint8_t> startup_packet);

    /// To be called once a session has its server, so that a server in trouble is not asked twice. Makes what is
    /// missing for the next sessions.
    void refill();

    /// Closes all, and makes no more.
    void close();

private:
    struct Held;

    std::unique_ptr<tls::Stream> take();
    Awaitable<void> make();
    Awaitable<void> hold(std::shared_ptr<Held> held);
    void add(std::unique_ptr<tls::Stream> stream);
    void remove(const std::shared_ptr<Held>& held);
    void drop_all();
    std::chrono::milliseconds lifetime();

    Executor executor_;
    std::shared_ptr<Upstream> upstream_;
    Demand demand_;
    std::list<std::shared_ptr<Held>> held_; ///< the longest first
    std::size_t making_ = 0;
    bool closed_ = false;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace proxy
