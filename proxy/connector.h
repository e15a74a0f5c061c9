#pragma once

#include "proxy/failure.h"
#include "proxy/resolver.h"
#include "proxy/socket.h"
#include "proxy/upstream.h"
#include "tls/stream.h"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proxy {

/// One step of a connect, for people to read.
struct ConnectStep {
    std::string phase;
    std::chrono::steady_clock::duration duration;
    std::string outcome;
};

/// Makes one verified TLS connection to an upstream: name, TCP, SSLRequest, TLS; each step timed.
/// The one place that writes to the network in clear, and all it writes is the SSLRequest.
class Connector {
public:
    /// `trace`, where given, gets every step and must outlive the connector.
    Connector(Executor executor, std::shared_ptr<Upstream> upstream, std::vector<ConnectStep>* trace = nullptr);

    /// Tries the targets in order, and the addresses of each, until one accepts TCP; what goes wrong after that is
    /// final. Counts failures and durations. Everything together is bounded by connect_timeout.
    Awaitable<Result<std::unique_ptr<tls::Stream>>> connect();

    /// Ends a connect() under way with `failure`.
    void abort(Failure failure);

private:
    using Socket = TcpSocket;
    using Clock = std::chrono::steady_clock;

    Awaitable<Result<std::unique_ptr<tls::Stream>>> connect_any();
    Awaitable<Result<Socket>> dial(config::Target target);
    Awaitable<std::optional<Failure>> request_ssl(Socket& socket, std::string where);
    Awaitable<Result<std::unique_ptr<tls::Stream>>> start_tls(Socket socket, config::Target target);
    Failure timed_out() const;
    void begin(const char* phase);
    void finish(prometheus::Histogram& histogram, const std::function<std::string()>& outcome);
    void note(std::string outcome);

    Executor executor_;
    std::shared_ptr<Upstream> upstream_;
    Lookup lookup_;
    Socket* active_ = nullptr; // what abort() has to close
    std::optional<Failure> aborted_;
    std::vector<ConnectStep>* trace_;
    std::string phase_; // what takes so long, should time run out
    Clock::time_point phase_began_;
};

} // namespace proxy
