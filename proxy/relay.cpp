#include "proxy/relay.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;
using Status = tls::Stream::Status;

Relay::Relay(AppSocket& app, tls::Stream& server, Scratch& scratch, const ListenerMetrics& metrics, Options options)
    : app_(app), server_(server), scratch_(scratch), metrics_(metrics), options_(options), timer_(app.get_executor()),
      idle_(app.get_executor()) {}

Awaitable<RelayEnd> Relay::run(std::vector<std::uint8_t> opening) {
    using namespace asio::experimental::awaitable_operators;
    app_.native_non_blocking(true);
    app_.non_blocking(true);
    auto all = pump_to_app() && pump_to_server(std::move(opening)) && watch_idleness();
    co_await std::move(all);
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

/// The server has closed. Whether that is news depends on who spoke last.
void Relay::end_of_server(bool at_boundary, char last_tag) {
    if (app_closed_ || requests_.terminated()) {
        end({Reason::client_closed, {}, {}, {}}, false);
    } else if (at_boundary && last_tag == 'E') {
        end({Reason::server_error, {}, {}, {}}, false);
    } else {
        const std::string why(server_.failure());
        end({Reason::upstream_lost, "lost the connection to the server", why, {}}, at_boundary);
    }
}

/// The app is gone. After a Terminate that is no loss.
void Relay::end_of_app(const error_code& error) {
    if (requests_.terminated()) {
        end({Reason::client_closed, {}, {}, {}}, false);
    } else {
        end({Reason::client_lost, "lost the application: " + error.message(), {}, {}}, false);
    }
}

Awaitable<void> Relay::pump_to_app() {
    co_await authenticate();
    while (!end_) {
        if (stop_ && answers_.at_boundary()) {
            end(std::move(*stop_), true);
            break;
        }
        const auto [size, status] = server_.read_some(scratch_);
        const Bytes bytes(scratch_.data(), size);
        walk_answers(bytes);
        deliver(bytes);
        if (!backlog_.empty()) {
            co_await deliver_backlog();
        }
        if (status == Status::closed || status == Status::failed) {
            end_of_server(answers_.at_boundary(), answers_.last_tag());
        } else if (status == Status::want_read && !end_) {
            auto wait = server_.wait_readable(); // here, and not behind another coroutine: every answer passes here
            co_await std::move(wait);
        } else {
            co_await wait_for_server(status);
        }
    }
}

Awaitable<void> Relay::authenticate() {
    protocol::AuthFilter filter;
    std::vector<std::uint8_t> output;
    while (!end_) {
        if (stop_ && filter.at_boundary()) {
            end(std::move(*stop_), true);
            break;
        }
        const auto [size, status] = server_.read_some(scratch_);
        output.clear();
        const Bytes input(scratch_.data(), size);
        const auto [progress, consumed] = filter.feed(input, output);
        if (progress == protocol::AuthFilter::Status::done) {
            const Bytes rest = input.subspan(consumed);
            walk_answers(rest);
            output.insert(output.end(), rest.begin(), rest.end());
            const auto elapsed = std::chrono::steady_clock::now() - options_.accepted;
            metrics_.session_ready.Observe(std::chrono::duration<double>(elapsed).count());
        }
        deliver(output);
        if (!backlog_.empty()) {
            co_await deliver_backlog();
        }
        if (progress == protocol::AuthFilter::Status::done) {
            co_return;
        }
        if (progress == protocol::AuthFilter::Status::channel_binding_only) {
            end({Reason::channel_binding, "the server offers only SASL mechanisms with channel binding", {}, {}}, true);
        } else if (progress == protocol::AuthFilter::Status::malformed) {
            end({Reason::server_protocol, "the server sent a malformed message during authentication", {}, {}}, true);
        } else if (status == Status::closed || status == Status::failed) {
            end_of_server(filter.at_boundary(), filter.last_tag());
        } else {
            co_await wait_for_server(status);
        }
    }
}

void Relay::walk_answers(Bytes bytes) {
    answers_.walk(bytes);
    const bool ready = !bytes.empty() && answers_.at_boundary() && answers_.last_tag() == 'Z';
    asked_ = asked_ && !ready;
}

/// After a full buffer the neighbours get their turn first.
Awaitable<void> Relay::wait_for_server(Status status) {
    if (end_) {
        co_return;
    }
    if (status == Status::want_read) {
        auto wait = server_.wait_readable();
        co_await std::move(wait);
    } else if (status == Status::want_write) {
        auto wait = server_.wait_writable();
        co_await std::move(wait);
    } else {
        co_await asio::post(app_.get_executor(), asio::deferred);
    }
}

/// What the app does not take at once is the backlog: the scratch buffer goes to the next session.
void Relay::deliver(Bytes bytes) {
    if (bytes.empty() || end_) {
        return;
    }
    bytes_to_app_ += bytes.size();
    metrics_.bytes_to_app.Increment(static_cast<double>(bytes.size()));
    error_code error;
    const Bytes rest = bytes.subspan(app_.write_some(asio::buffer(bytes.data(), bytes.size()), error));
    if (error && error != asio::error::would_block) {
        end_of_app(error);
    } else {
        backlog_.assign(rest.begin(), rest.end());
    }
}

Awaitable<void> Relay::deliver_backlog() {
    const error_code error = co_await write_all(app_, backlog_);
    backlog_ = std::vector<std::uint8_t>();
    if (error) {
        end_of_app(error);
    }
}

Awaitable<void> Relay::pump_to_server(std::vector<std::uint8_t> opening) {
    Status status = send_to_server(opening);
    opening = std::vector<std::uint8_t>();
    for (;;) {
        if (status == Status::want_write) {
            status = co_await send_backlog();
        }
        if (end_ || status != Status::ok) {
            co_return; // if the server takes nothing any more, its own side will tell why
        }
        if (app_closed_) {
            co_await half_close();
            co_return;
        }
        if (app_has_more_) {
            co_await asio::post(app_.get_executor(), asio::deferred);
        } else {
            auto wait = app_.async_wait(AppSocket::wait_read, asio::as_tuple(asio::deferred));
            co_await std::move(wait);
        }
        if (!end_) {
            const Bytes bytes = read_app();
            requests_.walk(bytes);
            status = send_to_server(bytes);
        }
    }
}

/// Puts what the app has sent into the scratch buffer.
Relay::Bytes Relay::read_app() {
    error_code error;
    const std::size_t size = app_.read_some(asio::buffer(scratch_), error);
    app_has_more_ = size == scratch_.size();
    app_closed_ = error == asio::error::eof;
    if (error && !app_closed_ && error != asio::error::would_block) {
        end_of_app(error);
    }
    return Bytes(scratch_).first(size);
}

/// What the server does not take at once is the backlog.
Status Relay::send_to_server(Bytes bytes) {
    bytes_to_server_ += bytes.size();
    metrics_.bytes_to_server.Increment(static_cast<double>(bytes.size()));
    asked_ = asked_ || !bytes.empty();
    const auto [size, status] = server_.write_some(bytes);
    if (status == Status::want_write) {
        unsent_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
    }
    return status;
}

Awaitable<Status> Relay::send_backlog() {
    Bytes rest(unsent_);
    Status status = Status::want_write;
    while (!end_ && status == Status::want_write) {
        auto wait = server_.wait_writable();
        co_await std::move(wait);
        const auto transfer = server_.write_some(rest);
        status = transfer.status;
        rest = rest.subspan(transfer.size);
    }
    unsent_ = std::vector<std::uint8_t>();
    co_return status;
}

/// An app that waits for its answer is not idle, however long that takes. Late by a quarter of the time at most,
/// because no clock is read for it when bytes move.
Awaitable<void> Relay::watch_idleness() {
    constexpr int looks = 4;
    std::uint64_t before = 0;
    for (int idle = 0; !end_ && options_.idle_timeout.count() > 0;) {
        idle_.expires_after(options_.idle_timeout / looks);
        auto wait = idle_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
        const std::uint64_t now = bytes_to_server_ + bytes_to_app_;
        idle = asked_ || now != before ? 0 : idle + 1;
        before = now;
        if (idle == looks && !stop_) {
            stop({Reason::idle_timeout, "the session was idle for too long", {}, {}});
        }
    }
}

/// Passes the end of the app's side on, and waits for the server to finish: as long as it keeps sending.
Awaitable<void> Relay::half_close() {
    while (!end_ && server_.shutdown() == Status::want_write) {
        auto wait = server_.wait_writable();
        co_await std::move(wait);
    }
    while (!end_) {
        const std::uint64_t before = bytes_to_app_;
        timer_.expires_after(options_.half_close_timeout);
        auto wait = timer_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
        if (bytes_to_app_ == before) {
            end({Reason::half_close_timeout, "the application has closed, and the server sends nothing", {}, {}},
                false);
        }
    }
}

} // namespace proxy
