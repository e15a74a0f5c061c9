#pragma once

#include "config/load.h"
#include "config/settings.h"
#include "proxy/admin/admin.h"
#include "proxy/admin/readiness.h"
#include "proxy/listening/listeners.h"
#include "proxy/report/metrics.h"
#include "proxy/server/file_watch.h"
#include "proxy/session/worker.h"
#include "proxy/socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>

namespace proxy {

/// The whole proxy: listeners, workers, admin server, signals. Accepting, admin and signals run on the calling thread.
class Server {
public:
    /// Reads the settings, at the start and for each reload.
    using Load = std::function<config::Loaded()>;

    /// `config_file`, where given, is watched for changes. Throws what `load` throws.
    Server(Load load, std::optional<std::filesystem::path> config_file);

    /// Binds, serves, and returns when a signal has ended it.
    /// Throws tls::Error before anything is bound, std::runtime_error if an address cannot be.
    void run();

private:
    void accept(std::shared_ptr<const Listener> listener, std::unique_ptr<Arrival> arrival);
    Worker& least_loaded_worker();
    std::size_t open_sessions() const;

    void apply(config::Settings settings);
    void reload();
    void watch_files();

    Awaitable<void> handle_hangups();
    Awaitable<void> handle_ends();
    Awaitable<void> warn_daily();
    Awaitable<void> sum_up_repeats();
    void begin_drain(bool at_once);
    Awaitable<void> drain(bool at_once);
    Awaitable<void> wait_until_idle(std::chrono::milliseconds limit);
    void for_each_worker(void (Worker::*action)());

    Load load_;
    std::optional<std::filesystem::path> config_file_;
    config::Settings settings_;
    boost::asio::io_context context_{1};
    Metrics metrics_;
    std::shared_ptr<Admission> admission_;
    std::shared_ptr<Readiness> readiness_;
    Listeners listeners_;
    std::optional<Admin> admin_;
    bool draining_ = false;
    FileWatch files_;
    boost::asio::signal_set ends_;
    boost::asio::signal_set hangups_;
    boost::asio::steady_timer idle_; ///< cancelled whenever a worker has lost its last session
    std::uint64_t last_id_ = 0;
    std::list<Worker> workers_; // last: their threads use all of the above
};

} // namespace proxy
