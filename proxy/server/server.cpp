#include "proxy/server/server.h"

#include "proxy/report/log.h"
#include "proxy/server/expiry.h"
#include "proxy/server/notify.h"
#include "proxy/server/processors.h"
#include "proxy/session/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

namespace proxy {

namespace asio = boost::asio;

namespace {

// After SIGINT, for the words of parting to reach the apps.
constexpr std::chrono::milliseconds parting_time{1000};

constexpr std::chrono::seconds sum_up_interval{5};

void set_up_log(const config::Log& settings, const std::vector<std::string>& notices) {
    log::setup(settings);
    for (const std::string& notice : notices) {
        log::warn("configuration", {{"notice", notice}});
    }
}

/// With the log ready for what the start has to tell.
config::Settings load_first(const Server::Load& load) {
    config::Loaded loaded = load();
    set_up_log(loaded.settings.log, loaded.notices);
    return std::move(loaded.settings);
}

/// For a setting that a reload does not change.
template <typename T>
void keep(const char* name, T& next, const T& current) {
    if (next != current) {
        log::warn("takes a restart", {{"setting", name}});
        next = current;
    }
}

} // namespace

Server::Server(Load load, std::optional<std::filesystem::path> config_file)
    : load_(std::move(load)), config_file_(std::move(config_file)), settings_(load_first(load_)),
      admission_(std::make_shared<Admission>("limits.max_connections", settings_.limits.max_connections)),
      readiness_(std::make_shared<Readiness>()),
      listeners_(context_, metrics_,
                 [this](auto listener, auto arrival) { accept(std::move(listener), std::move(arrival)); }),
      files_(context_.get_executor()), ends_(context_, SIGTERM, SIGINT), hangups_(context_, SIGHUP), idle_(context_) {}

void Server::run() {
    apply(settings_);
    if (settings_.admin.listen) {
        admin_.emplace(context_, settings_.admin, metrics_, listeners_, readiness_, [this] { begin_drain(false); });
    }
    const unsigned share = std::max(1U, available_processors() / 2); // the rest is the application's
    const unsigned count = settings_.limits.workers != 0 ? settings_.limits.workers : share;
    const auto on_idle = [this] { asio::post(context_, [this] { idle_.cancel(); }); };
    for (unsigned i = 0; i < count; ++i) {
        workers_.emplace_back(Worker::Place{i, count}, on_idle);
    }
    asio::co_spawn(context_, handle_ends(), asio::detached);
    asio::co_spawn(context_, handle_hangups(), asio::detached);
    asio::co_spawn(context_, warn_daily(), asio::detached);
    asio::co_spawn(context_, sum_up_repeats(), asio::detached);
    asio::co_spawn(context_, files_.run([this] { reload(); }), asio::detached);
    readiness_->set_serving(true);
    log::info("ready", {{"workers", count}});
    notify_service_manager("READY=1");
    context_.run();
    log::sum_up(std::chrono::steady_clock::time_point::max());
    log::info("stopped");
}

void Server::apply(config::Settings settings) {
    listeners_.apply(settings);
    keep("admin.listen", settings.admin.listen, settings_.admin.listen);
    keep("limits.workers", settings.limits.workers, settings_.limits.workers);
    settings_ = std::move(settings);
    admission_->set_limit(settings_.limits.max_connections);
    metrics_.set_max_connections(settings_.limits.max_connections);
    readiness_->set_max_age(settings_.admin.ready_probe);
    if (admin_) {
        admin_->allow_quit(settings_.admin.quitquitquit);
    }
    readiness_->set_upstreams(listeners_.upstreams());
    for_each_worker(&Worker::drop_warm);
    watch_files();
}

/// For new connections; those that exist keep what they began with. What fails leaves everything as it was.
void Server::reload() {
    if (draining_) {
        log::info("not reloaded: shutting down");
        return;
    }
    try {
        config::Loaded loaded = load_();
        apply(std::move(loaded.settings));
        set_up_log(settings_.log, loaded.notices);
        metrics_.count_reload(true);
        log::info("reloaded");
    } catch (const std::exception& error) {
        metrics_.count_reload(false);
        log::error("reload failed, the last good configuration stays", {{"error", error.what()}});
    }
}

void Server::watch_files() {
    std::vector<std::filesystem::path> files;
    if (config_file_) {
        files.push_back(*config_file_);
    }
    for (const config::Listener& listener : settings_.listeners) {
        std::ranges::move(files_of(to_context_options(listener.upstream)), std::back_inserter(files));
    }
    files_.watch(files);
}

Awaitable<void> Server::handle_hangups() {
    for (;;) {
        auto wait = hangups_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
        reload();
    }
}

Awaitable<void> Server::warn_daily() {
    asio::steady_timer timer(context_);
    for (;;) {
        for (const auto& upstream : listeners_.upstreams()) {
            warn_of_expiry(*upstream);
        }
        timer.expires_after(std::chrono::days(1));
        auto wait = timer.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
    }
}

Awaitable<void> Server::sum_up_repeats() {
    asio::steady_timer timer(context_);
    for (;;) {
        timer.expires_after(sum_up_interval);
        auto wait = timer.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
        log::sum_up(std::chrono::steady_clock::now());
    }
}

void Server::accept(std::shared_ptr<const Listener> listener, std::unique_ptr<Arrival> arrival) {
    Worker& worker = least_loaded_worker();
    worker.start(std::make_shared<Session>(std::move(arrival), ++last_id_, std::move(listener), admission_, worker));
}

Worker& Server::least_loaded_worker() {
    return *std::ranges::min_element(workers_, {}, &Worker::load);
}

std::size_t Server::open_sessions() const {
    std::size_t sessions = 0;
    for (const Worker& worker : workers_) {
        sessions += worker.load();
    }
    return sessions;
}

void Server::for_each_worker(void (Worker::*action)()) {
    for (Worker& worker : workers_) {
        (worker.*action)();
    }
}

/// SIGTERM lets sessions finish; SIGINT does not; a second signal ends at once.
Awaitable<void> Server::handle_ends() {
    auto first = ends_.async_wait(asio::as_tuple(asio::deferred));
    const auto [error, number] = co_await std::move(first);
    begin_drain(number == SIGINT);
    auto second = ends_.async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(second);
    log::warn("ended by a second signal", {{"sessions", open_sessions()}});
    context_.stop();
}

/// Once: a signal that follows on /quitquitquit has nothing to add.
void Server::begin_drain(bool at_once) {
    if (std::exchange(draining_, true)) {
        log::info("already shutting down");
        return;
    }
    asio::co_spawn(context_, drain(at_once), asio::detached);
}

Awaitable<void> Server::drain(bool at_once) {
    readiness_->set_serving(false);
    notify_service_manager("STOPPING=1");
    if (!at_once && settings_.limits.drain_delay.count() > 0) {
        log::info("no longer ready, still listening", {{"drain_delay_ms", settings_.limits.drain_delay.count()}});
        asio::steady_timer delay(context_, settings_.limits.drain_delay);
        auto wait = delay.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
    }
    listeners_.close();
    const auto limit = at_once ? std::chrono::milliseconds::zero() : settings_.limits.drain_timeout;
    log::info("shutting down", {{"sessions", open_sessions()}, {"drain_timeout_ms", limit.count()}});
    for_each_worker(&Worker::drain);
    co_await wait_until_idle(limit);
    for_each_worker(&Worker::stop);
    co_await wait_until_idle(parting_time);
    for_each_worker(&Worker::abort);
    co_await wait_until_idle(parting_time);
    context_.stop();
}

Awaitable<void> Server::wait_until_idle(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (open_sessions() > 0 && std::chrono::steady_clock::now() < deadline) {
        idle_.expires_at(deadline);
        auto wait = idle_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
    }
}

} // namespace proxy
