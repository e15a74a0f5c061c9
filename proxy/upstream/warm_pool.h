#pragma once

#include "proxy/socket.h"
#include "proxy/upstream/demand.h"
#include "proxy/upstream/upstream.h"
#include "tls/stream.h"

#include <cstddef>
#include <list>
#include <memory>
#include <random>

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

    Upstream& upstream() const { return *upstream_; }

    /// A session begins: the connection that was held longest and is still alive, or null.
    std::unique_ptr<tls::Stream> take();

    /// To be called once a session has its server, so that a server in trouble is not asked twice. Makes what is
    /// missing for the next sessions.
    void refill();

    /// Closes all: one that was taken has died without a word, and what was made with it is no better.
    void drop_all();

    /// Closes all, and makes no more for a while: one that was taken was not answered in time, as the next would be.
    void pause();

    /// Closes all, and makes no more.
    void close();

private:
    struct Held;

    Awaitable<void> make();
    Awaitable<void> hold(std::shared_ptr<Held> held);
    void add(std::unique_ptr<tls::Stream> stream);
    void remove(const std::shared_ptr<Held>& held);
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
