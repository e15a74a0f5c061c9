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
    /// `trace`, where given, gets every step and must outlive the connector.
    Connector(Executor executor, std::shared_ptr<Upstream> upstream, std::vector<ConnectStep>* trace = nullptr);

    enum class Retry : std::uint8_t { never, as_configured };

    /// Tries the targets in order, and the addresses of each, until one accepts TCP; what goes wrong after that is
    /// final. If none does, `retry` may have it try again. Counts failures and durations. Everything together is
    /// bounded by connect_timeout.
    Awaitable<Result<std::unique_ptr<tls::Stream>>> connect(Retry retry = Retry::never);

    /// Ends a connect() under way with `failure`.
    void abort(Failure failure);

private:
    using Socket = TcpSocket;
    using Clock = std::chrono::steady_clock;

    struct Dialled {
        Socket socket;
        config::Target target;
    };

    Awaitable<Result<std::unique_ptr<tls::Stream>>> connect_any(Retry retry);
    Awaitable<Result<Dialled>> dial_persistently(Retry retry);
    Awaitable<Result<Dialled>> dial_any();
    Awaitable<Result<std::unique_ptr<tls::Stream>>> start_tls(Socket socket, config::Target target);
    Failure timed_out() const;

    Executor executor_;
    std::shared_ptr<Upstream> upstream_;
    ConnectSteps steps_;
    Clock::time_point end_; ///< when connect_timeout runs out
    boost::asio::steady_timer pause_;
    Dial* dial_ = nullptr;     ///< what abort() has to cancel
    Socket* active_ = nullptr; ///< what abort() has to close
    std::optional<Failure> aborted_;
};

} // namespace proxy
