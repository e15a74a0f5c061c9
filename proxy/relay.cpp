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
    : app_(app), server_(server), scratch_(scratch), metrics_(metrics), options_(options), timer_(app.get_executor()) {}

asio::awaitable<RelayEnd> Relay::run(std::vector<std::uint8_t> opening) {
    using namespace asio::experimental::awaitable_operators;
    app_.native_non_blocking(true);
    app_.non_blocking(true);
    auto both = pump_to_app() && pump_to_server(std::move(opening));
    co_await std::move(both);
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

asio::awaitable<void> Relay::pump_to_app() {
    co_await authenticate();
    if (!end_) {
        co_await relay_answers();
    }
}

asio::awaitable<void> Relay::authenticate() {
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
            answers_.walk(rest);
            output.insert(output.end(), rest.begin(), rest.end());
            const auto elapsed = std::chrono::steady_clock::now() - options_.accepted;
            metrics_.session_ready.Observe(std::chrono::duration<double>(elapsed).count());
            co_await deliver(output);
            co_return;
        }
        co_await deliver(output);
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

asio::awaitable<void> Relay::relay_answers() {
    while (!end_) {
        if (stop_ && answers_.at_boundary()) {
            end(std::move(*stop_), true);
            break;
        }
        const auto [size, status] = server_.read_some(scratch_);
        const Bytes bytes(scratch_.data(), size);
        answers_.walk(bytes);
        co_await deliver(bytes);
        if (status == Status::closed || status == Status::failed) {
            end_of_server(answers_.at_boundary(), answers_.last_tag());
        } else {
            co_await wait_for_server(status);
        }
    }
}

/// After a full buffer the neighbours get their turn first.
asio::awaitable<void> Relay::wait_for_server(Status status) {
    if (end_) {
        co_return;
    }
    switch (status) {
    case Status::want_read: co_await server_.receive(); break;
    case Status::want_write: co_await server_.wait_writable(); break;
    default: co_await asio::post(app_.get_executor(), asio::deferred); break;
    }
}

asio::awaitable<void> Relay::deliver(Bytes bytes) {
    if (bytes.empty() || end_) {
        co_return;
    }
    bytes_to_app_ += bytes.size();
    metrics_.bytes_to_app.Increment(static_cast<double>(bytes.size()));
    error_code error;
    const Bytes rest = bytes.subspan(app_.write_some(asio::buffer(bytes.data(), bytes.size()), error));
    if (error == asio::error::would_block || (!error && !rest.empty())) {
        // The scratch buffer goes to the next session now.
        const std::vector<std::uint8_t> backlog(rest.begin(), rest.end());
        error = co_await write_all(app_, backlog);
    }
    if (error) {
        end_of_app(error);
    }
}

asio::awaitable<void> Relay::pump_to_server(std::vector<std::uint8_t> opening) {
    bool open = co_await send_to_server(opening);
    opening = {};
    while (open && !end_) {
        const std::size_t size = co_await read_app();
        const Bytes bytes(scratch_.data(), size);
        requests_.walk(bytes);
        open = co_await send_to_server(bytes);
        if (app_closed_ && open) {
            co_await half_close();
            break;
        }
        if (app_has_more_) {
            co_await asio::post(app_.get_executor(), asio::deferred);
        }
    }
}

/// Waits for bytes of the app and puts them into the scratch buffer; returns how many, zero at the end.
asio::awaitable<std::size_t> Relay::read_app() {
    std::size_t size = 0;
    error_code error;
    if (!app_has_more_) {
        auto operation = app_.async_read_some(asio::buffer(received_), asio::as_tuple(asio::deferred));
        std::tie(error, size) = co_await std::move(operation);
        std::copy_n(received_.begin(), size, scratch_.begin());
        app_has_more_ = size == received_.size();
    }
    if (!error && app_has_more_) {
        const auto room = asio::buffer(scratch_) + size;
        const std::size_t more = app_.read_some(room, error);
        size += more;
        app_has_more_ = more == room.size();
        error = error == asio::error::would_block ? error_code() : error;
    }
    if (error == asio::error::eof) {
        app_closed_ = true;
    } else if (error) {
        end_of_app(error);
    }
    co_return size;
}

/// Returns false if the server takes nothing any more; then its own side will tell why.
asio::awaitable<bool> Relay::send_to_server(Bytes bytes) {
    bytes_to_server_ += bytes.size();
    metrics_.bytes_to_server.Increment(static_cast<double>(bytes.size()));
    auto [size, status] = server_.write_some(bytes);
    if (status == Status::ok) {
        co_return true;
    }
    const std::vector<std::uint8_t> backlog(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
    Bytes rest(backlog);
    while (!end_ && status == Status::want_write) {
        co_await server_.wait_writable();
        const auto transfer = server_.write_some(rest);
        status = transfer.status;
        rest = rest.subspan(transfer.size);
    }
    co_return status == Status::ok;
}

/// Passes the end of the app's side on, and waits for the server to finish: as long as it keeps sending.
asio::awaitable<void> Relay::half_close() {
    while (!end_ && server_.shutdown() == Status::want_write) {
        co_await server_.wait_writable();
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
