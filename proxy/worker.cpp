#include "proxy/worker.h"

#include "proxy/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>

namespace proxy {

namespace asio = boost::asio;

Worker::Worker(std::function<void()> on_idle) : on_idle_(std::move(on_idle)), thread_([this] { context_.run(); }) {}

Worker::~Worker() {
    context_.stop();
    thread_.join();
}

void Worker::start(std::shared_ptr<Session> session) {
    load_.fetch_add(1, std::memory_order_relaxed);
    asio::post(context_, [this, session = std::move(session)] {
        const auto entry = sessions_.insert(sessions_.end(), session);
        asio::co_spawn(context_, session->run(), [this, entry](const std::exception_ptr& /*run() lets none out*/) {
            sessions_.erase(entry);
            if (load_.fetch_sub(1, std::memory_order_relaxed) == 1) {
                on_idle_();
            }
        });
    });
}

void Worker::for_each(void (Session::*action)()) {
    asio::post(context_, [this, action] {
        for (const auto& session : sessions_) {
            (*session.*action)();
        }
    });
}

void Worker::drain() {
    for_each(&Session::drain);
}

void Worker::stop() {
    for_each(&Session::stop);
}

void Worker::abort() {
    for_each(&Session::abort);
}

} // namespace proxy
