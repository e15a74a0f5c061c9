#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace proxy {

/// Calls a function when time is up, unless it is destroyed before. Not thread-safe: for one event loop.
class Deadline {
public:
    /// A `time` of zero means: never.
    Deadline(const boost::asio::any_io_executor& executor, std::chrono::milliseconds time,
             std::function<void()> on_expiry)
        : state_(std::make_shared<State>(State{boost::asio::steady_timer(executor), std::move(on_expiry)})) {
        if (time.count() <= 0) {
            return;
        }
        state_->timer.expires_after(time);
        state_->timer.async_wait([state = state_](const boost::system::error_code& error) {
            if (!error && state->on_expiry) {
                state->on_expiry();
            }
        });
    }

    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    ~Deadline() {
        state_->on_expiry = nullptr; // it may be on its way already
        state_->timer.cancel();
    }

private:
    struct State {
        boost::asio::steady_timer timer;
        std::function<void()> on_expiry;
    };

    std::shared_ptr<State> state_;
};

} // namespace proxy
