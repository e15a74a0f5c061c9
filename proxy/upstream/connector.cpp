#include "proxy/upstream/connector.h"

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

std::vector<config::Target> order(std::vector<config::Target> targets, config::LoadBalanceHosts mode) {
    if (mode == config::LoadBalanceHosts::random) {
        std::ranges::shuffle(targets, random_generator());
    }
    return targets;
}

/// Whether it may be over in a moment, as while a server starts or its name moves to another one.
bool may_pass(Reason reason) {
    return reason == Reason::dns || reason == Reason::connect;
}

} // namespace

Connector::Connector(Executor executor, std::shared_ptr<Upstream> upstream, std::vector<ConnectStep>* trace)
    : executor_(std::move(executor)), upstream_(std::move(upstream)), steps_(trace), pause_(executor_) {}

void Connector::abort(Failure failure) {
    aborted_ = std::move(failure);
    pause_.cancel();
    if (dial_ != nullptr) {
        dial_->cancel();
    }
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

Awaitable<Result<std::unique_ptr<tls::Stream>>> Connector::connect(Retry retry) {
    const auto limit = upstream_->settings().connect_timeout;
    end_ = limit.count() > 0 ? Clock::now() + limit : Clock::time_point::max();
    const Deadline deadline(executor_, limit, [this] { abort(timed_out()); });
    auto result = co_await connect_any(retry);
    if (aborted_) {
        result = std::move(*aborted_);
    }
    if (result.has_error()) {
        steps_.note(result.error().message);
        upstream_->metrics().count_failure(result.error().reason);
        upstream_->expire_addresses();
    } else {
        upstream_->record_session(**result);
    }
    co_return result;
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> Connector::connect_any(Retry retry) {
    auto dialled = co_await dial_persistently(retry);
    if (dialled.has_error()) {
        co_return dialled.error();
    }
    co_return co_await start_tls(std::move(dialled->socket), std::move(dialled->target));
}

/// Goes on for connect_retry, should nobody be there.
Awaitable<Result<Connector::Dialled>> Connector::dial_persistently(Retry retry) {
    std::uniform_real_distribution<double> share;
    const auto patience = retry == Retry::never ? std::chrono::seconds(0) : upstream_->settings().connect_retry;
    const auto last_start = std::min(Clock::now() + patience, end_);
    for (unsigned retries = 0;; ++retries) {
        auto dialled = co_await dial_any();
        const auto next = Clock::now() + retry_pause(retries, share(random_generator()));
        if (dialled.has_value() || aborted_) {
            co_return dialled;
        }
        Failure failure = dialled.error();
        if (!may_pass(failure.reason) || next >= last_start) {
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

Awaitable<Result<Connector::Dialled>> Connector::dial_any() {
    const config::Upstream& settings = upstream_->settings();
    const auto targets = order(settings.targets, settings.load_balance_hosts);
    Failure failure{Reason::connect, "no target to connect to", {}, {}};
    for (std::size_t i = 0; i < targets.size() && !aborted_; ++i) {
        // The last one has all the time that is left, and connect_timeout's own words if it runs out.
        const std::size_t left = targets.size() - i;
        const auto give_up = left == 1 ? Clock::time_point::max() : share_of_time(Clock::now(), end_, left);
        Dial dial(executor_, upstream_->host(targets[i]), targets[i].port, settings.load_balance_hosts,
                  upstream_->metrics(), steps_);
        dial_ = &dial;
        auto socket = co_await dial.run(give_up);
        dial_ = nullptr;
        if (socket.has_value()) {
            co_return Dialled{std::move(*socket), targets[i]};
        }
        failure = socket.error();
    }
    co_return failure;
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> Connector::start_tls(Socket socket, config::Target target) {
    const config::Upstream& settings = upstream_->settings();
    const bool direct = settings.sslnegotiation == config::SslNegotiation::direct;
    set_options(socket, settings);
    if (!direct) {
        steps_.begin("waiting for the answer to SSLRequest");
        active_ = &socket;
        auto failure = co_await request_ssl(socket, upstream_->name());
        active_ = nullptr;
        if (failure || aborted_) {
            co_return failure.value_or(timed_out());
        }
        steps_.finish(upstream_->metrics().ssl_request, [] { return "'S': the server will speak TLS"; });
    }

    steps_.begin("performing the TLS handshake");
    auto stream = std::make_unique<tls::Stream>(std::move(socket), upstream_->context());
    active_ = &stream->socket();
    auto error = co_await stream->handshake(target.host, settings.sslsni, direct);
    active_ = nullptr;
    if (error) {
        co_return Failure{to_reason(error->kind), std::move(error->why.message), std::move(error->why.detail),
                          std::move(error->why.hint)};
    }
    steps_.finish(upstream_->metrics().tls, [&] { return std::string(stream->version()) + ", " + stream->cipher(); });
    co_return std::move(stream);
}

} // namespace proxy
