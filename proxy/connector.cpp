#include "proxy/connector.h"

#include "protocol/startup.h"
#include "proxy/deadline.h"
#include "proxy/socket.h"
#include "tls/error.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <random>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

Reason to_reason(tls::HandshakeError::Kind kind) {
    switch (kind) {
    case tls::HandshakeError::Kind::certificate: return Reason::certificate;
    case tls::HandshakeError::Kind::hostname: return Reason::hostname;
    default: return Reason::tls_handshake;
    }
}

/// What stands where 'S' or 'N' should. An ErrorResponse before TLS is unauthenticated, so its text is never shown.
std::string describe_answer(std::uint8_t answer) {
    if (answer == 'E') {
        return "with an error in clear, which is not shown because anybody could have sent it";
    }
    return "with the byte \"" + tls::escape({reinterpret_cast<const char*>(&answer), 1}) + "\" instead of S or N";
}

std::string join(const Lookup::Endpoints& endpoints) {
    std::string list;
    for (const auto& endpoint : endpoints) {
        list += (list.empty() ? "" : ", ") + to_string(endpoint);
    }
    return list;
}

std::vector<config::Target> order(std::vector<config::Target> targets, config::LoadBalanceHosts mode) {
    if (mode == config::LoadBalanceHosts::random) {
        thread_local std::minstd_rand random{std::random_device{}()};
        std::ranges::shuffle(targets, random);
    }
    return targets;
}

} // namespace

Connector::Connector(Executor executor, std::shared_ptr<Upstream> upstream, std::vector<ConnectStep>* trace)
    : executor_(std::move(executor)), upstream_(std::move(upstream)), lookup_(executor_), trace_(trace) {}

void Connector::abort(Failure failure) {
    aborted_ = std::move(failure);
    lookup_.cancel();
    if (active_ != nullptr) {
        error_code ignored;
        active_->close(ignored);
    }
}

void Connector::begin(const char* phase) {
    phase_ = phase;
    phase_began_ = Clock::now();
}

void Connector::finish(prometheus::Histogram& histogram, const std::function<std::string()>& outcome) {
    histogram.Observe(std::chrono::duration<double>(Clock::now() - phase_began_).count());
    if (trace_ != nullptr) {
        note(outcome());
    }
}

void Connector::note(std::string outcome) {
    if (trace_ != nullptr) {
        trace_->push_back({phase_, Clock::now() - phase_began_, std::move(outcome)});
    }
}

Failure Connector::timed_out() const {
    const auto limit = upstream_->settings().connect_timeout.count();
    return {Reason::timeout,
            "connect_timeout of " + std::to_string(limit) + " s ran out while " + phase_,
            "upstream " + upstream_->name(),
            {}};
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> Connector::connect() {
    const Deadline deadline(executor_, upstream_->settings().connect_timeout, [this] { abort(timed_out()); });
    auto result = co_await connect_any();
    active_ = nullptr;
    if (aborted_) {
        result = std::move(*aborted_);
    }
    if (result.has_error()) {
        note(result.error().message);
        upstream_->metrics().count_failure(result.error().reason);
    } else {
        upstream_->record_session(**result);
    }
    co_return result;
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> Connector::connect_any() {
    const auto targets = order(upstream_->settings().targets, upstream_->settings().load_balance_hosts);
    std::optional<Failure> last;
    for (const config::Target& target : targets) {
        auto socket = co_await dial(target);
        if (aborted_) {
            break;
        }
        if (socket.has_value()) {
            co_return co_await start_tls(std::move(*socket), target);
        }
        last = socket.error();
    }
    co_return last ? std::move(*last) : Failure{Reason::connect, "no target to connect to", {}, {}};
}

Awaitable<Result<Connector::Socket>> Connector::dial(config::Target target) {
    begin("resolving the host name");
    const std::string& host = target.hostaddr.empty() ? target.host : target.hostaddr;
    const auto endpoints = co_await lookup_.resolve(host, target.port);
    if (endpoints.has_error()) {
        co_return endpoints.error();
    }
    finish(upstream_->metrics().dns, [&] { return join(*endpoints); });

    Failure failure{Reason::connect, "could not connect to " + host, {}, {}};
    for (const auto& endpoint : *endpoints) {
        begin("connecting");
        Socket socket(executor_);
        active_ = &socket;
        auto operation = socket.async_connect(endpoint, asio::as_tuple(asio::deferred));
        const auto [error] = co_await std::move(operation);
        active_ = nullptr;
        if (!error && !aborted_) {
            finish(upstream_->metrics().tcp, [&] { return to_string(endpoint); });
            co_return std::move(socket);
        }
        if (aborted_) {
            break;
        }
        note(to_string(endpoint) + ": " + error.message());
        failure.message = "could not connect to " + host + ": " + error.message();
        failure.detail += (failure.detail.empty() ? "tried " : ", ") + to_string(endpoint) + ": " + error.message();
    }
    co_return failure;
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> Connector::start_tls(Socket socket, config::Target target) {
    const config::Upstream& settings = upstream_->settings();
    const bool direct = settings.sslnegotiation == config::SslNegotiation::direct;
    set_options(socket, settings);
    if (!direct) {
        begin("waiting for the answer to SSLRequest");
        active_ = &socket;
        auto failure = co_await request_ssl(socket, upstream_->name());
        active_ = nullptr;
        if (failure || aborted_) {
            co_return failure.value_or(timed_out());
        }
        finish(upstream_->metrics().ssl_request, [] { return "'S': the server will speak TLS"; });
    }

    begin("performing the TLS handshake");
    auto stream = std::make_unique<tls::Stream>(std::move(socket), upstream_->context());
    active_ = &stream->socket();
    auto error = co_await stream->handshake(target.host, settings.sslsni, direct);
    active_ = nullptr;
    if (error) {
        co_return Failure{to_reason(error->kind), std::move(error->why.message), std::move(error->why.detail),
                          std::move(error->why.hint)};
    }
    finish(upstream_->metrics().tls, [&] { return std::string(stream->version()) + ", " + stream->cipher(); });
    co_return std::move(stream);
}

Awaitable<std::optional<Failure>> Connector::request_ssl(Socket& socket, std::string where) {
    auto write = asio::async_write(socket, asio::buffer(protocol::ssl_request), asio::as_tuple(asio::deferred));
    auto [error, sent] = co_await std::move(write);
    std::uint8_t answer = 0;
    if (!error) {
        // One byte and no more: whatever stands behind it is not from whom we think.
        auto read = socket.async_read_some(asio::buffer(&answer, 1), asio::as_tuple(asio::deferred));
        std::tie(error, sent) = co_await std::move(read);
    }
    if (error) {
        co_return Failure{Reason::tls_protocol,
                          "the server closed the connection instead of answering SSLRequest",
                          where + ": " + error.message(),
                          {}};
    }
    if (answer == 'N') {
        co_return Failure{Reason::tls_refused, "server does not support SSL, but SSL was required", where, {}};
    }
    if (answer != 'S') {
        co_return Failure{Reason::tls_protocol, "the server answered SSLRequest " + describe_answer(answer), where, {}};
    }
    if (socket.available(error) > 0) {
        co_return Failure{Reason::tls_protocol,
                          "received unencrypted data after the answer to SSLRequest",
                          where + ": somebody in between may be injecting it (CVE-2021-23222)",
                          {}};
    }
    co_return std::nullopt;
}

} // namespace proxy
