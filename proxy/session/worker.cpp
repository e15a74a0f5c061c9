#include "proxy/session/worker.h"

#include "proxy/session/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>

namespace proxy {

namespace asio = boost::asio;

Worker::Worker(Place place, std::function<void()> on_idle) : place_(place), on_idle_(std::move(on_idle)) {
    const AppSocket first(context_); // Asio's own descriptors come with it: now, while there are some
    thread_ = std::thread([this] { context_.run(); });
}

Worker::~Worker() {
    context_.stop();
    thread_.join();
}

void Worker::start(std::shared_ptr<Session> session) {
    load_.fetch_add(1, std::memory_order_relaxed);
    asio::post(context_, [this, session = std::move(session)] {
        const auto entry = sessions_.insert(sessions_.end(), session);
        // The coroutine holds its session, too: dropped unfinished, with the context, it would outlive the list.
        asio::co_spawn(context_, session->run(),
                       [this, session, entry](const std::exception_ptr& /*it lets none out*/) {
                           sessions_.erase(entry);
                           load_.fetch_sub(1, std::memory_order_relaxed);
                           tell_if_idle();
                       });
    });
}

std::shared_ptr<WarmPool> Worker::warm_pool(const Listener& listener) {
    // Connections stay with their worker, so each has its share of what the listener may hold.
    const unsigned limit = listener.limits.warm_connections;
    const unsigned share = limit / place_.count + (place_.index < limit % place_.count ? 1 : 0);
    if (share == 0) {
        return nullptr;
    }
    auto& pool = warm_pools_[listener.upstream.get()];
    if (!pool) {
        pool = std::make_shared<WarmPool>(context_.get_executor(), listener.upstream, share);
    }
    return pool;
}

void Worker::drop_warm() {
    asio::post(context_, [this] {
        for (const auto& [upstream, pool] : warm_pools_) {
            pool->close();
        }
        warm_pools_.clear();
    });
}

void Worker::for_each(void (Session::*action)()) {
    asio::post(context_, [this, action] {
        for (const auto& session : sessions_) {
            (*session.*action)();
        }
    });
}

void Worker::tell_if_idle() const {
    if (draining_ && load() == 0) {
        on_idle_();
    }
}

void Worker::drain() {
    drop_warm();
    for_each(&Session::drain);
    asio::post(context_, [this] {
        draining_ = true;
        tell_if_idle(); // the last session may have ended before this
    });
}

void Worker::stop() {
    for_each(&Session::stop);
}

void Worker::abort() {
    for_each(&Session::abort);
}

} // namespace proxy
