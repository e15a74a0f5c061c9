#include "proxy/commands/check.h"

#include "config/names.h"
#include "proxy/commands/enforcement.h"
#include "proxy/report/log.h"
#include "proxy/upstream/connector.h"
#include "tls/certificate.h"
#include "tls/roots/built_in_roots.h"
#include "tls/verification.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <iostream>

namespace proxy {

namespace asio = boost::asio;
namespace json = boost::json;
using Connected = Result<std::unique_ptr<tls::Stream>>;

namespace {

/// The stream is good for looking at: the server has been told goodbye.
Awaitable<Connected> connect_and_part(Connector& connector, Connector::Verdict verdict) {
    auto connected = co_await connector.connect(Connector::Retry::never, verdict);
    if (connected.has_value()) {
        (*connected)->shutdown();
    }
    co_return connected;
}

/// Connects once, on an event loop of its own.
Connected connect_once(const std::shared_ptr<Upstream>& upstream, std::vector<ConnectStep>* trace = nullptr,
                       Connector::Verdict verdict = Connector::Verdict::not_awaited) {
    // The stream keeps to its event loop, which the caller needs no more but the stream's destructor does.
    static asio::io_context context(1);
    Connector connector(context.get_executor(), upstream, trace);
    auto connected = asio::co_spawn(context, connect_and_part(connector, verdict), asio::use_future);
    context.restart();
    context.run();
    return connected.get();
}

json::array to_json(const std::vector<ConnectStep>& trace) {
    json::array steps;
    for (const ConnectStep& step : trace) {
        const auto time = std::chrono::duration<double, std::milli>(step.duration);
        steps.push_back({{"phase", step.phase}, {"duration_ms", time.count()}, {"outcome", step.outcome}});
    }
    return steps;
}

json::object to_json(const Failure& failure) {
    return {{"reason", info(failure.reason).label},
            {"sqlstate", info(failure.reason).sqlstate},
            {"message", failure.message},
            {"detail", failure.detail},
            {"hint", failure.way_out()}};
}

json::object to_json(const X509* certificate) {
    const auto expiry = tls::not_after(certificate);
    const auto left = expiry - std::chrono::system_clock::now();
    json::object object{{"subject", tls::subject(certificate)},
                        {"issuer", tls::issuer(certificate)},
                        {"not_before", tls::format_date(tls::not_before(certificate))},
                        {"not_after", tls::format_date(expiry)},
                        {"days_left", std::chrono::floor<std::chrono::days>(left).count()},
                        {"sha256", tls::fingerprint(certificate)}};
    object["names"] = json::value_from(tls::names(certificate));
    return object;
}

json::object describe_session(tls::Stream& stream) {
    SSL* ssl = stream.native();
    const std::string line = std::string("SSL connection (protocol: ") + stream.version() +
                             ", cipher: " + stream.cipher() +
                             ", bits: " + std::to_string(SSL_get_cipher_bits(ssl, nullptr)) + ", compression: off)";
    return {{"protocol", stream.version()}, {"cipher", stream.cipher()}, {"psql", line}};
}

json::array describe_chain(tls::Stream& stream) {
    json::array chain;
    const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(stream.native());
    for (int i = 0; i < sk_X509_num(sent); ++i) {
        chain.push_back(to_json(sk_X509_value(sent, i)));
    }
    return chain;
}

json::value describe_anchor(tls::Stream& stream) {
    const STACK_OF(X509)* verified = SSL_get0_verified_chain(stream.native());
    if (verified == nullptr || sk_X509_num(verified) == 0) {
        return nullptr;
    }
    return to_json(sk_X509_value(verified, sk_X509_num(verified) - 1));
}

/// Whether the server would still be trusted if it were one built-in root alone that counts.
json::array rehearse_rotation(tls::Stream& stream) {
    json::array outcomes;
    const X509* leaf = SSL_get0_peer_certificate(stream.native());
    for (const tls::BuiltInRoot& root : tls::built_in_roots()) {
        const auto anchor = std::move(tls::parse_certificates(std::string(root.pem), std::string(root.name)).front());
        const std::string refusal = tls::rehearse(leaf, SSL_get_peer_cert_chain(stream.native()), anchor);
        outcomes.push_back({{"root", tls::common_name(anchor.get())},
                            {"not_after", tls::format_date(tls::not_after(anchor.get()))},
                            {"verifies", refusal.empty()},
                            {"error", refusal}});
    }
    return outcomes;
}

std::string verdict(const Connected& connected) {
    return connected.has_value() ? "accepted" : connected.error().message;
}

/// The verdict of each sslmode with the other settings as they are.
json::object compare_modes(const config::Upstream& settings, Metrics& metrics) {
    json::object verdicts;
    for (const auto mode : {config::SslMode::verify_full, config::SslMode::verify_ca, config::SslMode::require}) {
        config::Upstream variant = settings;
        variant.sslmode = mode;
        verdicts[config::to_string(mode)] = verdict(connect_once(std::make_shared<Upstream>(variant, metrics)));
    }
    return verdicts;
}

/// What an app would meet.
void describe_connect(json::object& report, const std::shared_ptr<Upstream>& upstream) {
    std::vector<ConnectStep> trace;
    const auto connected = connect_once(upstream, &trace, Connector::Verdict::awaited);
    report["ok"] = connected.has_value();
    report["steps"] = to_json(trace);
    if (connected.has_value()) {
        report["session"] = describe_session(**connected);
        report["anchor"] = describe_anchor(**connected);
    } else {
        report["failure"] = to_json(connected.error());
    }
}

/// What the server shows, whether it is to be trusted or not. False if it does not get as far.
bool describe_certificates(json::object& report, const std::shared_ptr<Upstream>& lenient) {
    const auto connected = connect_once(lenient);
    if (connected.has_value()) {
        report["chain"] = describe_chain(**connected);
        report["rotation"] = rehearse_rotation(**connected);
    }
    return connected.has_value();
}

} // namespace

json::object examine(const config::Listener& listener, bool probe_enforcement) {
    const config::Upstream& settings = listener.upstream;
    Metrics metrics;
    const auto upstream = std::make_shared<Upstream>(settings, metrics);
    json::object report{{"listener", listener.name},
                        {"upstream", upstream->name()},
                        {"sslmode", config::to_string(settings.sslmode)},
                        {"trust", upstream->context()->trust().source}};
    describe_connect(report, upstream);
    tls::ContextOptions lenient = to_context_options(settings);
    lenient.verify = tls::Verify::none;
    if (describe_certificates(report, std::make_shared<Upstream>(settings, lenient, metrics))) {
        report["sslmodes"] = compare_modes(settings, metrics);
        config::Upstream direct = settings;
        direct.sslnegotiation = config::SslNegotiation::direct;
        report["direct_tls"] = verdict(connect_once(std::make_shared<Upstream>(direct, lenient, metrics)));
    }
    if (probe_enforcement) {
        report["enforcement"] = probe_plaintext(settings.targets.front(), settings.connect_timeout);
    }
    return report;
}

bool run_check(const config::Overrides& flags, const CheckOptions& options) {
    const config::Loaded loaded = config::load(flags, config::process_environment);
    for (const std::string& notice : loaded.notices) {
        std::cerr << "pg-tls-proxy: " << notice << '\n';
    }
    bool ok = true;
    json::array reports;
    for (const config::Listener& listener : loaded.settings.listeners) {
        json::object report = examine(listener, options.probe_enforcement);
        ok = ok && report.at("ok").as_bool();
        if (!options.json) {
            std::cout << to_text(report) << std::flush;
        }
        reports.push_back(std::move(report));
    }
    if (options.json) {
        std::cout << json::serialize(json::object{{"ok", ok}, {"upstreams", reports}}) << '\n';
    }
    return ok;
}

} // namespace proxy
