#pragma once

#include "proxy/report/failure.h"
#include "proxy/socket.h"
#include "proxy/upstream/connect_steps.h"
#include "proxy/upstream/dial.h"
#include "proxy/upstream/upstream.h"
#include "tls/stream.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proxy {

/// Makes one verified TLS connection to an upstream: name, TCP, SSLRequest, TLS; each step timed.
class Connector {
public:
    using Server = std::unique_ptr<tls::Stream>;

    /// One server of an upstream.
    struct Place {
        std::string host; ///< that its certificate must be for
        boost::asio::ip::tcp::endpoint endpoint;
    };

    /// `trace`, where given, gets every step and must outlive the connector. `only`: no other server will do.
    Connector(Executor executor, std::shared_ptr<Upstream> upstream, std::vector<ConnectStep>* trace = nullptr,
              std::optional<Place> only = {});

    enum class Retry : std::uint8_t { never, as_configured };

    /// Whether to wait for a server that may refuse our certificate after the handshake. See Stream::awaits_verdict().
    enum class Verdict : std::uint8_t { not_awaited, awaited };

    /// Tries the targets in order, and the addresses of each, until one accepts TCP. One that does, and is then silent
    /// for its share of connect_timeout, is passed over like one that does not; whatever else goes wrong is final. If
    /// nobody was there, `retry` may have it try again. Counts failures and durations. Everything together is bounded
    /// by connect_timeout.
    Awaitable<Result<Server>> connect(Retry retry = Retry::never, Verdict verdict = Verdict::not_awaited);

    /// Ends a connect() under way with `failure`.
    void abort(Failure failure);

private:
    using Socket = TcpSocket;
    using Clock = std::chrono::steady_clock;

    Awaitable<Result<Server>> try_persistently(Retry retry);
    Awaitable<Result<Server>> try_targets();
    Awaitable<Result<Server>> try_target(config::Target target, Clock::time_point give_up);
    Awaitable<Result<Socket>> dial(const config::Target& target, Clock::time_point give_up);
    Awaitable<Result<Server>> start_tls(Socket socket, config::Target target);
    std::vector<config::Target> targets() const;
    std::shared_ptr<HostName> host_of(const config::Target& target) const;
    Awaitable<std::optional<Failure>> await_verdict(tls::Stream& stream);
    void close_active();
    Failure timed_out() const;

    Executor executor_;
    std::shared_ptr<Upstream> upstream_;
    std::optional<Place> only_;
    ConnectSteps steps_;
    Clock::time_point end_; ///< when connect_timeout runs out
    Clock::duration handshake_time_{};
    boost::asio::steady_timer pause_;
    Dial* dial_ = nullptr;     ///< what abort() has to cancel
    Socket* active_ = nullptr; ///< what abort() has to close
    std::optional<Failure> aborted_;
};

} // namespace proxy
