#pragma once

#include "protocol/auth_filter.h"
#include "protocol/backend_key.h"
#include "protocol/frame.h"
#include "proxy/report/failure.h"
#include "proxy/report/metrics.h"
#include "proxy/socket.h"
#include "tls/stream.h"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace proxy {

/// A worker's buffer, lent to whichever session is moving bytes. Nothing in it survives a wait.
using Scratch = std::array<std::uint8_t, std::size_t{128} * 1024>;

/// How a relay ended.
struct RelayEnd {
    Failure failure;
    bool at_boundary; ///< the app stands between two messages, so that an ErrorResponse can be read as one
};

/// Carries an established session: authentication with the SASL offer filtered, then opaque bytes both ways.
/// What a slow side will not take is all that a session ever holds, and meanwhile the other side is not read.
class Relay {
public:
    struct Options {
        std::chrono::steady_clock::time_point accepted;
        std::chrono::milliseconds half_close_timeout;
        std::chrono::milliseconds idle_timeout; ///< zero: none
        /// Is told the key that the session can be cancelled with, if there is one.
        std::function<void(protocol::Bytes)> on_backend_key;
    };

    /// All references must outlive the relay.
    Relay(AppSocket& app, tls::Stream& server, Scratch& scratch, const ListenerMetrics& metrics, Options options);

    /// Counts what the app has said behind its startup packet, which run() sends together with it.
    void note_requests(protocol::Bytes bytes);

    /// Sends `opening` (the startup packet and what came behind it) and relays until either side has ended. Leaves the
    /// app's socket open.
    Awaitable<RelayEnd> run(std::vector<std::uint8_t> opening);

    /// Ends the relay with `failure` as soon as the app stands between two messages.
    void stop(Failure failure);

    /// Ends the relay now.
    void abort(Failure failure);

    std::uint64_t bytes_to_server() const { return bytes_to_server_; }
    std::uint64_t bytes_to_app() const { return bytes_to_app_; }

private:
    using Bytes = std::span<const std::uint8_t>;

    Awaitable<void> pump_to_app();
    Awaitable<void> authenticate();
    void follow_answers(Bytes bytes);
    Awaitable<void> wait_for_server(tls::Stream::Status status);
    void deliver(Bytes bytes);
    Awaitable<void> deliver_backlog();

    Awaitable<void> pump_to_server(std::vector<std::uint8_t> opening);
    Bytes read_app();
    tls::Stream::Status send_to_server(Bytes bytes);
    Awaitable<tls::Stream::Status> send_backlog();
    Awaitable<void> half_close();

    Awaitable<void> watch_idleness();
    bool app_waits() const;

    void end(Failure failure, bool at_boundary);
    void end_of_app(const boost::system::error_code& error);
    void end_of_server(bool at_boundary, char last_tag);

    AppSocket& app_;
    tls::Stream& server_;
    Scratch& scratch_;
    const ListenerMetrics& metrics_;
    Options options_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer idle_;

    std::vector<std::uint8_t> backlog_;      // for the app
    std::vector<std::uint8_t> unsent_;       // for the server, in clear
    protocol::FrameWalker answers_{"Z"};     // ReadyForQuery
    protocol::FrameWalker questions_{"QFS"}; // Query, FunctionCall, Sync: each is answered by one, as is the login
    protocol::TerminateWatch requests_;
    std::optional<protocol::BackendKeyWatch> backend_key_{std::in_place}; // until it is found
    bool app_closed_ = false;
    bool app_has_more_ = false; // the last read filled its buffer
    std::uint64_t bytes_to_server_ = 0;
    std::uint64_t bytes_to_app_ = 0;
    std::optional<Failure> stop_;
    std::optional<RelayEnd> end_;
};

} // namespace proxy
