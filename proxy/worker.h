#pragma once

#include "proxy/relay.h"
#include "proxy/socket.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>

namespace proxy {

class Session;

/// A thread with an event loop of its own. A session, its sockets and its TLS never leave it, so nothing is locked.
class Worker {
public:
    /// `on_idle` is called on the worker's thread whenever its last session has ended.
    explicit Worker(std::function<void()> on_idle);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Ends the event loop at once and waits for the thread.
    ~Worker();

    boost::asio::io_context& context() { return context_; }
    Scratch& scratch() { return *scratch_; }

    /// How many sessions it carries. From any thread.
    std::size_t load() const { return load_.load(std::memory_order_relaxed); }

    /// Runs a session on this worker's thread. From any thread.
    void start(std::shared_ptr<Session> session);

    /// What sessions are told. From any thread; it happens on the worker's own.
    void drain(); ///< those that are not established yet end
    void stop();  ///< the others end at their next message boundary
    void abort(); ///< all end now

private:
    void for_each(void (Session::*action)());

    std::function<void()> on_idle_;
    // What does I/O lives on one thread; only starting and posting are for others.
    boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
    std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
    std::list<std::shared_ptr<Session>> sessions_;
    std::atomic<std::size_t> load_{0};
    std::thread thread_; // last: it uses all of the above
};

} // namespace proxy
