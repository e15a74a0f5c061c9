#pragma once

#include "config/settings.h"
#include "proxy/report/failure.h"
#include "proxy/report/metrics.h"
#include "proxy/socket.h"
#include "proxy/upstream/attempt_plan.h"
#include "proxy/upstream/connect_steps.h"
#include "proxy/upstream/resolver.h"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace proxy {

/// A TCP connection to one host: the first of its addresses that accepts, tried with a staggered start ("Happy
/// Eyeballs"). Remembered addresses are looked up anew as soon as they do not answer at once. For one use.
/// Source: RFC 8305
class Dial {
public:
    using Socket = TcpSocket;
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `steps` gets what is done; it and `metrics` must outlive the dial.
    Dial(Executor executor, std::shared_ptr<HostName> host, std::uint16_t port, config::LoadBalanceHosts order,
         const UpstreamMetrics& metrics, ConnectSteps& steps);
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;
    ~Dial();

    /// Fails with dns or connect: when no address accepts, at `give_up`, or once cancelled.
    Awaitable<Result<Socket>> run(TimePoint give_up);

    /// Ends run().
    void cancel();

    /// The addresses that have not answered yet.
    std::string unanswered() const;

private:
    struct Attempt;

    void look_up(Lookup::Want want);
    void take_addresses(TimePoint now);
    void start_attempts(TimePoint now);
    std::shared_ptr<Attempt> settle_attempts();
    void record_failure(const Attempt& attempt, const std::string& why);
    bool is_hopeless() const;
    TimePoint next_event(TimePoint give_up) const;
    Socket take(Attempt& winner);
    Failure overdue();

    Executor executor_;
    std::shared_ptr<HostName> host_;
    std::uint16_t port_;
    config::LoadBalanceHosts order_;
    const UpstreamMetrics& metrics_;
    ConnectSteps& steps_;
    std::shared_ptr<boost::asio::steady_timer> event_; ///< cancelling it wakes run()
    std::optional<Lookup> lookup_;                     ///< under way
    bool remembered_ = false;                          ///< the addresses, so that asking anew may find others
    AttemptPlan plan_;
    std::list<std::shared_ptr<Attempt>> attempts_; ///< under way
    Failure failure_{Reason::connect, "could not connect to " + host_->text(), {}, {}};
    bool cancelled_ = false;
};

} // namespace proxy
