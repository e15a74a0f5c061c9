#include "proxy/server.h"

#include "proxy/log.h"
#include "proxy/notify.h"
#include "proxy/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// After SIGINT, for the words of parting to reach the apps.
constexpr std::chrono::milliseconds parting_time{1000};

} // namespace

Server::Server(config::Settings settings)
    : settings_(std::move(settings)), admission_(std::make_shared<Admission>(settings_.limits.max_connections)),
      signals_(context_, SIGTERM, SIGINT), idle_(context_) {
    std::vector<std::shared_ptr<Upstream>> upstreams;
    for (const config::Listener& listener : settings_.listeners) {
        upstreams.push_back(std::make_shared<Upstream>(listener.upstream, metrics_));
        listeners_.push_back(std::make_shared<Listener>(
            Listener{listener.name, upstreams.back(), metrics_.listener(listener.name), settings_.limits}));
    }
    readiness_ = std::make_shared<Readiness>(std::move(upstreams), settings_.admin.ready_probe);
}

void Server::run() {
    listen();
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned count = settings_.limits.workers != 0 ? settings_.limits.workers : cores;
    const auto on_idle = [this] { asio::post(context_, [this] { idle_.cancel(); }); };
    for (unsigned i = 0; i < count; ++i) {
        workers_.emplace_back(on_idle);
    }
    asio::co_spawn(context_, handle_signals(), asio::detached);
    readiness_->set_serving(true);
    log::info("ready", {{"workers", count}});
    notify_service_manager("READY=1");
    context_.run();
    log::info("stopped");
}

void Server::listen() {
    auto configured = settings_.listeners.begin();
    for (const auto& listener : listeners_) {
        for (const config::Address& address : (configured++)->address) {
            for (const Acceptor::Endpoint& endpoint : to_endpoints(address)) {
                Acceptor& acceptor = acceptors_.emplace_back(context_.get_executor(), endpoint);
                auto accept_one = [this, listener](int descriptor, const Acceptor::Endpoint& peer) {
                    accept(listener, descriptor, peer);
                };
                asio::co_spawn(context_, acceptor.run(std::move(accept_one)), asio::detached);
                log::info("listening", {{"listener", listener->name},
                                        {"address", acceptor.address()},
                                        {"upstream", listener->upstream->name()}});
            }
        }
    }
    if (settings_.admin.listen) {
        admin_.emplace(context_, *settings_.admin.listen, metrics_, readiness_);
    }
}

void Server::accept(const std::shared_ptr<const Listener>& listener, int descriptor, const Acceptor::Endpoint& peer) {
    Worker& worker = least_loaded_worker();
    AppSocket app(worker.context(), peer.protocol(), descriptor);
    if (peer.protocol().family() != AF_UNIX) {
        error_code ignored;
        app.set_option(asio::ip::tcp::no_delay(true), ignored);
    }
    std::string client = describe_client(app, peer);
    worker.start(std::make_shared<Session>(std::move(app), std::move(client), ++last_id_, listener, admission_,
                                           worker.scratch()));
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
asio::awaitable<void> Server::handle_signals() {
    auto first = signals_.async_wait(asio::as_tuple(asio::deferred));
    const auto [error, number] = co_await std::move(first);
    asio::co_spawn(context_, drain(number == SIGINT), asio::detached);
    auto second = signals_.async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(second);
    log::warn("ended by a second signal", {{"sessions", open_sessions()}});
    context_.stop();
}

asio::awaitable<void> Server::drain(bool at_once) {
    readiness_->set_serving(false);
    notify_service_manager("STOPPING=1");
    acceptors_.clear();
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

asio::awaitable<void> Server::wait_until_idle(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (open_sessions() > 0 && std::chrono::steady_clock::now() < deadline) {
        idle_.expires_at(deadline);
        auto wait = idle_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
    }
}

} // namespace proxy
