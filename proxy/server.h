#pragma once

#include "config/settings.h"
#include "proxy/acceptor.h"
#include "proxy/admin.h"
#include "proxy/listener.h"
#include "proxy/metrics.h"
#include "proxy/readiness.h"
#include "proxy/worker.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace proxy {

/// The whole proxy: listeners, workers, admin server, signals. Accepting, admin and signals run on the calling thread.
class Server {
public:
    /// Loads trust and keys and binds nothing yet. Throws tls::Error.
    explicit Server(config::Settings settings);

    /// Binds, serves, and returns when a signal has ended it. Throws std::runtime_error if an address cannot be bound.
    void run();

private:
    void listen();
    void accept(const std::shared_ptr<const Listener>& listener, int descriptor, const Acceptor::Endpoint& peer);
    Worker& least_loaded_worker();
    std::size_t open_sessions() const;

    boost::asio::awaitable<void> handle_signals();
    boost::asio::awaitable<void> drain(bool at_once);
    boost::asio::awaitable<void> wait_until_idle(std::chrono::milliseconds limit);
    void for_each_worker(void (Worker::*action)());

    config::Settings settings_;
    boost::asio::io_context context_{1};
    Metrics metrics_;
    std::vector<std::shared_ptr<const Listener>> listeners_;
    std::shared_ptr<Admission> admission_;
    std::shared_ptr<Readiness> readiness_;
    std::list<Acceptor> acceptors_;
    std::optional<Admin> admin_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer idle_; ///< cancelled whenever a worker has lost its last session
    std::uint64_t last_id_ = 0;
    std::list<Worker> workers_; // last: their threads use all of the above
};

} // namespace proxy
