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

Awaitable<void> Relay::pump_to_server(std::vector<std::uint8_t> opening) {
    Status status = send_to_server(opening);
    opening = std::vector<std::uint8_t>();
    for (;;) {
        if (status == Status::want_write || status == Status::want_read) {
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
            note_requests(bytes);
            status = send_to_server(bytes);
        }
    }
}

void Relay::note_requests(Bytes bytes) {
    requests_.walk(bytes);
    if (options_.idle_timeout.count() > 0) {
        questions_.walk(bytes);
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
    const auto [size, status] = server_.write_some(bytes);
    if (status == Status::want_write || status == Status::want_read) {
        unsent_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
    }
    return status;
}

Awaitable<Status> Relay::send_backlog() {
    Bytes rest(unsent_);
    Status status = Status::want_write;
    while (!end_ && (status == Status::want_write || status == Status::want_read)) {
        co_await wait_for_server(status);
        const auto transfer = server_.write_some(rest);
        status = transfer.status;
        rest = rest.subspan(transfer.size);
    }
    unsent_ = std::vector<std::uint8_t>();
    co_return status;
}

/// Passes the end of the app's side on, and waits for the server to finish: as long as it keeps sending.
Awaitable<void> Relay::half_close() {
    while (!end_ && server_.shutdown() == Status::want_write) {
        auto wait = server_.wait_writable();
        co_await std::move(wait);
    }
    if (!end_) { // a FIN as well: with client_connection_check_interval a server looks for one during a query
        error_code ignored;
        server_.socket().shutdown(tls::TcpSocket::shutdown_send, ignored);
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

/// The app is gone. After a Terminate that is no loss.
void Relay::end_of_app(const error_code& error) {
    if (requests_.terminated()) {
        end({Reason::client_closed, {}, {}, {}}, false);
    } else {
        end({Reason::client_lost, "lost the application: " + error.message(), {}, {}}, false);
    }
}

} // namespace proxy
