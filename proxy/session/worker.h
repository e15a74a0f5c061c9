#pragma once

#include "proxy/listening/listener.h"
#include "proxy/session/relay.h"
#include "proxy/upstream/warm_pool.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <thread>

namespace proxy {

class Session;

/// A thread with an event loop of its own. A session, its sockets and its TLS never leave it, so nothing is locked.
class Worker {
public:
    /// Which of the workers it is.
    struct Place {
        unsigned index;
        unsigned count;
    };

    /// `on_idle` is called on the worker's thread once it drains and its last session has ended.
    Worker(Place place, std::function<void()> on_idle);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Ends the event loop at once and waits for the thread.
    ~Worker();

    boost::asio::io_context& context() { return context_; }
    Scratch& scratch() { return *scratch_; }

    /// The warm connections of this worker for a listener's sessions; null where it may hold none. On its own thread.
    std::shared_ptr<WarmPool> warm_pool(const Listener& listener);

    /// How many sessions it carries. From any thread.
    std::size_t load() const { return load_.load(std::memory_order_relaxed); }

    /// Runs a session on this worker's thread. From any thread.
    void start(std::shared_ptr<Session> session);

    /// What sessions are told. From any thread; it happens on the worker's own.
    void drain(); ///< those that are not established yet end
    void stop();  ///< the others end at their next message boundary
    void abort(); ///< all end now

    /// Closes the warm connections: their upstreams are replaced. From any thread.
    void drop_warm();

private:
    void for_each(void (Session::*action)());
    void tell_if_idle() const;

    Place place_;
    std::function<void()> on_idle_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
    std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
    std::list<std::shared_ptr<Session>> sessions_;
    std::map<const Upstream*, std::shared_ptr<WarmPool>> warm_pools_; // each keeps its upstream alive
    std::atomic<std::size_t> load_{0};
    bool draining_ = false;
    std::thread thread_; // last: it uses all of the above
};

} // namespace proxy
