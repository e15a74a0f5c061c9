#include "proxy/report/failure.h"

#include "protocol/error_response.h"
#include "tls/error.h"

#include <array>

namespace proxy {
namespace {

constexpr std::array<ReasonInfo, reason_count> reasons = {{
    {Reason::client_closed, "client_closed", "", ""},
    {Reason::no_request, "no_request", "", ""},
    {Reason::cancel_request, "cancel_request", "", ""},
    {Reason::server_error, "server_error", "", ""},
    {Reason::dns, "dns", "08001", "Check the host of the upstream, and the resolver of this machine or container."},
    {Reason::connect, "connect", "08001",
     "Check host and port of the upstream, its firewall rules, and that it is up."},
    {Reason::timeout, "timeout", "08001",
     "Check the firewall rules of the upstream; connect_timeout sets how long to wait."},
    {Reason::tls_refused, "tls_refused", "08004",
     "Switch SSL on in the server (ssl = on), or check that host and port are the ones meant."},
    {Reason::tls_protocol, "tls_protocol", "08001",
     "Check that host and port lead to a PostgreSQL server, with nothing in between that tampers."},
    {Reason::tls_handshake, "tls_handshake", "08001",
     "Compare ssl_min_protocol_version and ssl_max_protocol_version with what the server offers."},
    {Reason::certificate, "certificate", "08001", "Set sslrootcert to the CA that issued the server's certificate."},
    {Reason::hostname, "hostname", "08001",
     "Set host to a name in the server's certificate; hostaddr sets the address to dial."},
    {Reason::startup_invalid, "startup_invalid", "08P01", "This port takes plaintext PostgreSQL, protocol 3."},
    {Reason::startup_timeout, "startup_timeout", "08P01", "limits.startup_timeout sets how long to wait."},
    {Reason::client_lost, "client_lost", "", ""},
    {Reason::half_close_timeout, "half_close_timeout", "", ""},
    {Reason::user_refused, "user_refused", "28000", "The listener's allow_users names the users that may connect."},
    {Reason::idle_timeout, "idle_timeout", "57P05", "limits.idle_timeout sets how long an idle session may stay."},
    {Reason::too_many_connections, "too_many_connections", "53300", "Use fewer connections, or raise that limit."},
    {Reason::draining, "draining", "57P03", "Connect again: another instance may be taking over."},
    {Reason::drain_timeout, "drain_timeout", "57P01", "limits.drain_timeout sets how long sessions may go on."},
    {Reason::internal, "internal", "58000", "Please report this with the log of the proxy."},
    {Reason::channel_binding, "channel_binding", "08004",
     "Channel binding cannot span a proxy: let the server offer SCRAM-SHA-256 too."},
    {Reason::server_protocol, "server_protocol", "08P01", "Check that the upstream is a PostgreSQL server."},
    {Reason::upstream_lost, "upstream_lost", "08006", "The server's log may tell why it went away."},
}};

// libpq drops an error of more than 30,000 bytes that comes before the login, and then the app is told nothing.
constexpr std::size_t max_field = 8'000;

static_assert([] {
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        if (reasons[i].reason != static_cast<Reason>(i)) {
            return false;
        }
    }
    return true;
}());

} // namespace

const ReasonInfo& info(Reason reason) {
    return reasons[static_cast<std::size_t>(reason)];
}

Failure no_descriptors() {
    return {Reason::too_many_connections,
            "too many open files",
            {},
            "Raise the limit of open files (ulimit -n, LimitNOFILE): a session takes two."};
}

std::vector<std::uint8_t> to_error_response(const Failure& failure, std::uint64_t connection) {
    const std::string message = tls::shorten("pg-tls-proxy: " + failure.message, max_field);
    const std::string number = "connection " + std::to_string(connection) + " in the proxy's log";
    const std::string cause = tls::shorten(failure.detail, max_field);
    const std::string detail = cause.empty() ? number : cause + " (" + number + ")";
    const std::string hint = tls::shorten(failure.way_out(), max_field);
    return protocol::encode_error_response(
        {.sqlstate = info(failure.reason).sqlstate, .message = message, .detail = detail, .hint = hint});
}

} // namespace proxy
