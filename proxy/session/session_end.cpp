#include "proxy/deadline.h"
#include "proxy/report/log.h"
#include "proxy/session/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <array>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// For an app that has been told the end to read it and to close.
constexpr std::chrono::seconds parting_time{2};

Failure draining() {
    return {Reason::draining, "the proxy is shutting down", {}, {}};
}

} // namespace

/// Tells the app why, where it can be told, and lets it read that before the socket goes: a close with bytes of the
/// app still unread would destroy what was sent.
Awaitable<void> Session::part_from_app(const RelayEnd& end) {
    const bool tell = end.at_boundary && !info(end.failure.reason).sqlstate.empty();
    std::array<std::uint8_t, 512> rest; // NOLINT(cppcoreguidelines-pro-type-member-init): thrown away
    error_code error;
    if (!tell) {
        app_.read_some(asio::buffer(rest), error); // as a rule it has closed
    }
    if (!error || error == asio::error::would_block) {
        const Deadline deadline(app_.get_executor(), parting_time, [this] { abort(); });
        if (tell) {
            const auto message = to_error_response(end.failure, id_);
            co_await write_all(app_, message);
        }
        app_.shutdown(AppSocket::shutdown_send, error);
        while (!error) {
            auto operation = app_.async_read_some(asio::buffer(rest), asio::as_tuple(asio::deferred));
            std::tie(error, std::ignore) = co_await std::move(operation);
        }
    }
    app_.close(error);
}

void Session::record(const Failure& end) {
    listener_->metrics.active.Decrement();
    listener_->metrics.closed_by(end.reason).Increment();
    const auto duration = ended_ - accepted_;
    const log::Fields fields = {
        {"id", id_},
        {"listener", listener_->name},
        {"client", client_},
        {"user", user_},
        {"database", database_},
        {"duration_ms", std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()},
        {"bytes_to_server", bytes_to_server_},
        {"bytes_to_app", bytes_to_app_},
        {"tls_version", tls_version_},
        {"cipher", tls_cipher_},
        {"reason", info(end.reason).label},
        {"error", end.message},
        {"detail", end.detail},
        {"hint", end.way_out()},
    };
    if (end.reason == Reason::no_request) {
        log::debug("connection closed", fields);
    } else if (info(end.reason).sqlstate.empty()) {
        log::info("connection closed", fields);
    } else {
        listener_->failures->note(listener_->name, end, std::chrono::system_clock::now());
        log::warn("connection closed", fields);
    }
}

void Session::drain() {
    if (auto* reader = std::get_if<StartupReader>(&phase_)) {
        reader->refuse(draining(), parting_time);
    } else if (auto* start = std::get_if<WarmStart>(&phase_)) {
        start->abort(draining());
    } else if (auto* connector = std::get_if<Connector>(&phase_)) {
        connector->abort(draining());
    }
}

void Session::end_opening() {
    if (auto* reader = std::get_if<StartupReader>(&phase_)) {
        reader->abort(draining());
    } else {
        drain();
    }
}

void Session::stop() {
    end_opening();
    if (auto* relay = std::get_if<Relay>(&phase_)) {
        relay->stop({Reason::drain_timeout, "the proxy is shutting down, and this session took too long", {}, {}});
    }
}

void Session::abort() {
    end_opening();
    if (auto* relay = std::get_if<Relay>(&phase_)) {
        relay->abort({Reason::drain_timeout, "ended with the proxy", {}, {}});
    }
    arrival_.reset();
    error_code ignored;
    app_.close(ignored);
}

} // namespace proxy
