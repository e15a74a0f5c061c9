#include "proxy/upstream/connector.h"

#include "config/address.h"
#include "proxy/deadline.h"
#include "proxy/upstream/patience.h"
#include "proxy/upstream/random.h"
#include "proxy/upstream/ssl_request.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <algorithm>
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

Failure to_failure(Reason reason, tls::Rejection why) {
    return {reason, std::move(why.message), std::move(why.detail), std::move(why.hint)};
}

/// For a verdict: it takes a round trip and less work than the handshake, which took `handshake`.
std::chrono::milliseconds verdict_time(std::chrono::steady_clock::duration handshake) {
    using std::chrono::milliseconds;
    return std::min(milliseconds(50) + std::chrono::ceil<milliseconds>(2 * handshake), milliseconds(500));
}

std::vector<config::Target> order(std::vector<config::Target> targets, config::LoadBalanceHosts mode) {
    if (mode == config::LoadBalanceHosts::random) {
        std::ranges::shuffle(targets, random_generator());
    }
    return targets;
}

/// That may be over in a moment, as while a server starts or its name moves to another one.
bool is_nobody_there(Reason reason) {
    return reason == Reason::dns || reason == Reason::connect;
}

/// Zero, which sets no deadline, for TimePoint::max(), which is none.
std::chrono::milliseconds time_until(std::chrono::steady_clock::time_point end) {
    if (end == std::chrono::steady_clock::time_point::max()) {
        return {};
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds(1));
}

} // namespace

Connector::Connector(Executor executor, std::shared_ptr<Upstream> upstream, std::vector<ConnectStep>* trace,
                     std::optional<Place> only)
    : executor_(std::move(executor)), upstream_(std::move(upstream)), only_(std::move(only)), steps_(trace),
      pause_(executor_) {}

std::vector<config::Target> Connector::targets() const {
    if (only_) {
        return {{only_->host, only_->endpoint.address().to_string(), only_->endpoint.port()}};
    }
    return order(upstream_->settings().targets, upstream_->settings().load_balance_hosts);
}

std::shared_ptr<HostName> Connector::host_of(const config::Target& target) const {
    return only_ ? std::make_shared<HostName>(target.hostaddr, std::chrono::seconds(0)) : upstream_->host(target);
}

void Connector::abort(Failure failure) {
    aborted_ = std::move(failure);
    pause_.cancel();
    if (dial_ != nullptr) {
        dial_->cancel();
    }
    close_active();
}

void Connector::close_active() {
    if (active_ != nullptr) {
        error_code ignored;
        active_->close(ignored);
    }
}

Failure Connector::timed_out() const {
    const auto limit = upstream_->settings().connect_timeout.count();
    const std::string unanswered = dial_ != nullptr ? dial_->unanswered() : "";
    return {Reason::timeout,
            "connect_timeout of " + std::to_string(limit) + " s ran out while " + steps_.phase(),
            "upstream " + upstream_->name() + (unanswered.empty() ? "" : ", no answer from " + unanswered),
            {}};
}

Awaitable<Result<Connector::Server>> Connector::connect(Retry retry, Verdict verdict) {
    const auto limit = upstream_->settings().connect_timeout;
    end_ = limit.count() > 0 ? Clock::now() + limit : Clock::time_point::max();
    std::optional<Deadline> deadline;
    deadline.emplace(executor_, limit, [this] { abort(timed_out()); });
    auto result = co_await try_persistently(retry);
    deadline.reset(); // a verdict has a time of its own
    if (result.has_value() && verdict == Verdict::awaited && (*result)->awaits_verdict()) {
        if (auto refusal = co_await await_verdict(**result)) {
            result = std::move(*refusal);
        }
    }
    if (aborted_) {
        result = std::move(*aborted_);
    }
    if (result.has_error()) {
        steps_.note(result.error().message);
        upstream_->metrics().count_failure(result.error().reason);
        if (result.error().reason != Reason::too_many_connections) { // of which no address is the cause
            upstream_->expire_addresses();
        }
    } else {
        upstream_->record_session(**result);
    }
    co_return result;
}

Awaitable<std::optional<Failure>> Connector::await_verdict(tls::Stream& stream) {
    steps_.begin("waiting for an objection to the client certificate");
    active_ = &stream.socket();
    const Deadline enough(executor_, verdict_time(handshake_time_), [&stream] {
        error_code ignored;
        stream.socket().cancel(ignored);
    });
    auto wait = stream.wait_readable();
    co_await std::move(wait);
    active_ = nullptr;
    stream.peek();
    auto refusal = stream.refusal();
    if (!refusal) {
        steps_.note("none");
        co_return std::nullopt;
    }
    co_return to_failure(Reason::tls_handshake, std::move(*refusal));
}

/// Goes on for connect_retry, should nobody be there.
Awaitable<Result<Connector::Server>> Connector::try_persistently(Retry retry) {
    std::uniform_real_distribution<double> share;
    const auto patience = retry == Retry::never ? std::chrono::seconds(0) : upstream_->settings().connect_retry;
    const auto last_start = std::min(Clock::now() + patience, end_);
    for (unsigned retries = 0;; ++retries) {
        auto server = co_await try_targets();
        const auto next = Clock::now() + retry_pause(retries, share(random_generator()));
        if (server.has_value() || aborted_) {
            co_return server;
        }
        Failure failure = server.error();
        if (!is_nobody_there(failure.reason)) {
            co_return failure;
        }
        if (next >= last_start) {
            failure.detail += retries == 0 ? "" : ", the last of " + std::to_string(retries + 1) + " tries";
            co_return failure;
        }
        upstream_->metrics().count_failure(failure.reason);
        upstream_->expire_addresses();
        pause_.expires_at(next);
        auto pause = pause_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(pause);
    }
}

Awaitable<Result<Connector::Server>> Connector::try_targets() {
    const auto targets = this->targets();
    Failure failure{Reason::connect, "no target to connect to", {}, {}};
    for (std::size_t i = 0; i < targets.size() && !aborted_; ++i) {
        // The last one has all the time that is left, and connect_timeout's own words if it runs out.
        const std::size_t left = targets.size() - i;
        const auto give_up = left == 1 ? Clock::time_point::max() : share_of_time(Clock::now(), end_, left);
        auto server = co_await try_target(targets[i], give_up);
        if (server.has_value()) {
            co_return server;
        }
        failure = server.error();
        if (!is_nobody_there(failure.reason) && failure.reason != Reason::timeout) {
            break;
        }
    }
    co_return failure;
}

Awaitable<Result<Connector::Server>> Connector::try_target(config::Target target, Clock::time_point give_up) {
    auto socket = co_await dial(target, give_up);
    if (socket.has_error()) {
        co_return socket.error();
    }
    bool silent = false;
    const Deadline deadline(executor_, time_until(give_up), [&] {
        silent = true;
        close_active();
    });
    auto server = co_await start_tls(std::move(*socket), target);
    if (silent) {
        const config::TcpAddress address{host_of(target)->text(), target.port};
        steps_.note("no answer from " + config::to_string(address));
        co_return Failure{Reason::timeout, "no answer while " + steps_.phase(), {}, {}};
    }
    co_return server;
}

Awaitable<Result<Connector::Socket>> Connector::dial(const config::Target& target, Clock::time_point give_up) {
    const auto order = upstream_->settings().load_balance_hosts;
    Dial dial(executor_, host_of(target), target.port, order, upstream_->metrics(), steps_);
    dial_ = &dial;
    auto socket = co_await dial.run(give_up);
    dial_ = nullptr;
    co_return socket;
}

Awaitable<Result<Connector::Server>> Connector::start_tls(Socket socket, config::Target target) {
    const config::Upstream& settings = upstream_->settings();
    const bool direct = settings.sslnegotiation == config::SslNegotiation::direct;
    set_options(socket, settings);
    if (!direct) {
        steps_.begin("waiting for the answer to SSLRequest");
        active_ = &socket;
        auto failure = co_await request_ssl(socket, upstream_->name());
        active_ = nullptr;
        if (failure || !socket.is_open()) {
            co_return failure.value_or(timed_out());
        }
        steps_.finish(upstream_->metrics().ssl_request, [] { return "'S': the server will speak TLS"; });
    }

    steps_.begin("performing the TLS handshake");
    const auto began = Clock::now();
    auto stream = std::make_unique<tls::Stream>(std::move(socket), upstream_->context());
    active_ = &stream->socket();
    auto error = co_await stream->handshake(target.host, settings.sslsni, direct);
    active_ = nullptr;
    if (error) {
        co_return to_failure(to_reason(error->kind), std::move(error->why));
    }
    handshake_time_ = Clock::now() - began;
    steps_.finish(upstream_->metrics().tls, [&] { return std::string(stream->version()) + ", " + stream->cipher(); });
    co_return std::move(stream);
}

} // namespace proxy
