#include "proxy/session/relay.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <utility>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

Relay::Relay(AppSocket& app, tls::Stream& server, Scratch& scratch, const ListenerMetrics& metrics, Options options)
    : app_(app), server_(server), scratch_(scratch), metrics_(metrics), options_(std::move(options)),
      timer_(app.get_executor()), idle_(app.get_executor()) {}

Awaitable<RelayEnd> Relay::run(std::vector<std::uint8_t> opening) {
    using namespace asio::experimental::awaitable_operators;
    if (options_.idle_timeout.count() > 0) {
        auto all = pump_to_server(std::move(opening)) && pump_to_app() && watch_idleness();
        co_await std::move(all);
    } else {
        auto both = pump_to_server(std::move(opening)) && pump_to_app(); // in this order: `opening` ends the handshake
        co_await std::move(both);
    }
    server_.shutdown();
    error_code ignored;
    server_.socket().close(ignored);
    co_return std::move(*end_);
}

void Relay::stop(Failure failure) {
    stop_ = std::move(failure);
    error_code ignored;
    server_.socket().cancel(ignored);
}

void Relay::abort(Failure failure) {
    end(std::move(failure), false);
}

/// The first end counts. Wakes both pumps, which then return.
void Relay::end(Failure failure, bool at_boundary) {
    if (!end_) {
        end_ = RelayEnd{std::move(failure), at_boundary};
    }
    error_code ignored;
    server_.socket().cancel(ignored);
    app_.cancel(ignored);
    timer_.cancel();
    idle_.cancel();
}

bool Relay::app_waits() const {
    return !questions_.at_boundary() || answers_.count() <= questions_.count();
}

/// An app that waits for its answer is not idle, however long that takes. Late by a quarter of the time at most,
/// because no clock is read for it when bytes move.
Awaitable<void> Relay::watch_idleness() {
    constexpr int looks = 4;
    std::uint64_t before = 0;
    for (int idle = 0; !end_;) {
        idle_.expires_after(options_.idle_timeout / looks);
        auto wait = idle_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
        const std::uint64_t now = bytes_to_server_ + bytes_to_app_;
        idle = app_waits() || now != before ? 0 : idle + 1;
        before = now;
        if (idle == looks && !stop_) {
            stop({Reason::idle_timeout, "the session was idle for too long", {}, {}});
        }
    }
}

} // namespace proxy
