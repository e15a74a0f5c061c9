#include "proxy/session/relay.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;
using Status = tls::Stream::Status;

Awaitable<void> Relay::pump_to_app() {
    co_await authenticate();
    while (!end_) {
        if (stop_ && answers_.at_boundary()) {
            end(std::move(*stop_), true);
            break;
        }
        const auto [size, status] = server_.read_some(scratch_);
        const Bytes bytes(scratch_.data(), size);
        follow_answers(bytes);
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
    bool heard = false;
    while (!end_) {
        if (stop_ && filter.at_boundary()) {
            end(std::move(*stop_), true);
            break;
        }
        const auto [size, status] = server_.read_some(scratch_);
        heard = heard || size > 0;
        output.clear();
        const Bytes input(scratch_.data(), size);
        const auto [progress, consumed] = filter.feed(input, output);
        if (progress == protocol::AuthFilter::Status::done) {
            const Bytes rest = input.subspan(consumed);
            follow_answers(rest);
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
        } else if (auto refusal = server_.refusal(); refusal && !heard) { // the handshake was not over for the server
            end({Reason::tls_handshake, std::move(refusal->message), std::move(refusal->detail),
                 std::move(refusal->hint)},
                true);
        } else if (status == Status::closed || status == Status::failed) {
            end_of_server(filter.at_boundary(), filter.last_tag());
        } else {
            co_await wait_for_server(status);
        }
    }
}

void Relay::follow_answers(Bytes bytes) {
    answers_.walk(bytes);
    if (backend_key_) {
        backend_key_->walk(bytes);
        if (backend_key_->done()) {
            options_.on_backend_key(backend_key_->key());
            backend_key_.reset();
        }
    }
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

} // namespace proxy
