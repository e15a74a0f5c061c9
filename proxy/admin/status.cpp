#include "proxy/admin/status.h"

#include "config/access.h"
#include "config/names.h"
#include "proxy/version.h"
#include "tls/certificate.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace proxy {

namespace json = boost::json;
using std::chrono::system_clock;

namespace {

/// As in the log, to the second.
std::string to_iso(system_clock::time_point time) {
    const std::time_t seconds = system_clock::to_time_t(time);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[sizeof "2026-01-31T23:59:59Z"];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::uint64_t to_integer(double value) {
    return static_cast<std::uint64_t>(std::llround(value));
}

json::value nullable(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

const char* rule_of(tls::Verify verify) {
    switch (verify) {
    case tls::Verify::none: return "nothing is verified: encrypted, to whoever answers";
    case tls::Verify::chain: return "the chain leads to a trust anchor; the name is not checked";
    case tls::Verify::full: break;
    }
    return "the chain leads to a trust anchor, and the certificate is for the host";
}

json::array describe_chain(const std::vector<PeerCertificate>& chain, system_clock::time_point now) {
    json::array certificates;
    for (const PeerCertificate& certificate : chain) {
        const auto left = std::chrono::floor<std::chrono::days>(certificate.not_after - now);
        certificates.push_back({{"position", certificate.position},
                                {"subject", certificate.subject},
                                {"not_after", tls::format_date(certificate.not_after)},
                                {"days_left", left.count()}});
    }
    return certificates;
}

json::object describe_upstream(const Upstream& upstream, system_clock::time_point now) {
    const Upstream::Peer peer = upstream.peer();
    const auto since = upstream.since_last_session();
    const bool reached = since != std::chrono::steady_clock::duration::max();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    return {{"name", upstream.name()},
            {"sslmode", config::to_string(upstream.settings().sslmode)},
            {"verification", rule_of(upstream.context()->verify())},
            {"trust", nullable(upstream.context()->trust().source)},
            {"tls_version", nullable(peer.tls_version)},
            {"cipher", nullable(peer.cipher)},
            {"seconds_since_handshake", reached ? json::value(seconds) : json::value(nullptr)},
            {"chain", describe_chain(peer.chain, now)}};
}

json::object describe_listener(const Listeners::Shown& shown, system_clock::time_point now) {
    const Listener& listener = *shown.listener;
    const unsigned limit = listener.admission->limit();
    return {{"name", listener.name},
            {"addresses", json::array(shown.addresses.begin(), shown.addresses.end())},
            {"sessions", to_integer(listener.metrics.active.Value())},
            {"max_connections", limit == Admission::unlimited ? json::value(nullptr) : json::value(limit)},
            {"connections", to_integer(listener.metrics.connections.Value())},
            {"bytes_to_server", to_integer(listener.metrics.bytes_to_server.Value())},
            {"bytes_to_app", to_integer(listener.metrics.bytes_to_app.Value())},
            {"upstream", describe_upstream(*listener.upstream, now)}};
}

json::object describe_failure(const FailureHistory::Entry& entry) {
    return {{"time", to_iso(entry.time)},
            {"listener", entry.listener},
            {"reason", info(entry.latest.reason).label},
            {"sqlstate", info(entry.latest.reason).sqlstate},
            {"times", entry.times},
            {"message", entry.latest.message},
            {"detail", nullable(entry.latest.detail)},
            {"hint", entry.latest.way_out()}};
}

} // namespace

json::object describe_status(const Listeners& listeners, bool serving, system_clock::time_point now) {
    json::array listening;
    for (const Listeners::Shown& shown : listeners.shown()) {
        listening.push_back(describe_listener(shown, now));
    }
    json::array failures;
    for (const FailureHistory::Entry& entry : listeners.failures().entries()) {
        failures.push_back(describe_failure(entry));
    }
    return {{"version", version},
            {"revision", revision},
            {"openssl", openssl_version()},
            {"time", to_iso(now)},
            {"state", serving ? "serving" : "shutting down"},
            {"listeners", std::move(listening)},
            {"failures", std::move(failures)}};
}

} // namespace proxy
