#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

/// How a connection ended. One vocabulary for the app, the log, the metrics and `check`.
enum class Reason : std::uint8_t {
    // Nobody's fault.
    client_closed,
    no_request,
    cancel_request,
    server_error,
    // The upstream could not be reached, or not be trusted.
    dns,
    connect,
    timeout,
    tls_refused,
    tls_protocol,
    tls_handshake,
    certificate,
    hostname,
    // The app.
    startup_invalid,
    startup_timeout,
    client_lost,
    half_close_timeout,
    user_refused,
    idle_timeout,
    // The proxy.
    too_many_connections,
    draining,
    drain_timeout,
    internal,
    // The server, later.
    channel_binding,
    server_protocol,
    upstream_lost,
};

constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::upstream_lost) + 1;

struct ReasonInfo {
    Reason reason;
    std::string_view label;    ///< in metrics and logs
    std::string_view sqlstate; ///< in the ErrorResponse; empty if the app is told nothing
    std::string_view hint;     ///< the way out, unless the failure has a better one
};

const ReasonInfo& info(Reason reason);

/// An end and its story. The message is the same everywhere; everything in it is printable.
struct Failure {
    Reason reason;
    std::string message;
    std::string detail;
    std::string hint; ///< empty: that of the reason

    std::string_view way_out() const { return hint.empty() ? info(reason).hint : std::string_view(hint); }
};

/// What a connection ends with for which there is no file descriptor.
Failure no_descriptors();

/// A value, or the failure that stands in its place.
template <typename T>
using Result = boost::system::result<T, Failure>;

/// The ErrorResponse that tells the app. `connection` is the number under which the log has it.
std::vector<std::uint8_t> to_error_response(const Failure& failure, std::uint64_t connection);

} // namespace proxy
