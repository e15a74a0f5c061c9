#include "proxy/upstream/dial.h"

#include "proxy/upstream/random.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <algorithm>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// Shared with the operation, which ends after the dial has lost interest.
struct Dial::Attempt {
    Socket socket;
    asio::ip::tcp::endpoint endpoint;
    TimePoint began;
    std::optional<error_code> outcome;
};

namespace {

bool is_out_of_descriptors(const error_code& error) {
    return error == boost::system::errc::too_many_files_open ||
           error == boost::system::errc::too_many_files_open_in_system;
}

void count(const UpstreamMetrics& metrics, const Result<Lookup::Found>& found) {
    if (found.has_error()) {
        metrics.names_failed.Increment();
        return;
    }
    switch (found->source) {
    case Lookup::Source::literal: break;
    case Lookup::Source::answer: metrics.names_answered.Increment(); break;
    case Lookup::Source::cached: metrics.names_cached.Increment(); break;
    case Lookup::Source::stale: metrics.names_stale.Increment(); break;
    }
}

} // namespace

Dial::Dial(Executor executor, std::shared_ptr<HostName> host, std::uint16_t port, config::LoadBalanceHosts order,
           const UpstreamMetrics& metrics, ConnectSteps& steps)
    : executor_(std::move(executor)), host_(std::move(host)), port_(port), order_(order), metrics_(metrics),
      steps_(steps), event_(std::make_shared<asio::steady_timer>(executor_)) {}

Dial::~Dial() {
    for (const auto& attempt : attempts_) {
        error_code ignored;
        attempt->socket.close(ignored);
    }
}

void Dial::cancel() {
    cancelled_ = true;
    event_->cancel();
}

std::string Dial::unanswered() const {
    Endpoints endpoints;
    for (const auto& attempt : attempts_) {
        endpoints.push_back(attempt->endpoint);
    }
    return join(endpoints);
}

Awaitable<Result<Dial::Socket>> Dial::run(TimePoint give_up) {
    steps_.begin("resolving the host name");
    look_up(Lookup::Want::any);
    while (!cancelled_) {
        const auto now = Clock::now();
        if (const auto winner = settle_attempts()) {
            co_return take(*winner);
        }
        take_addresses(now);
        start_attempts(now);
        if (is_hopeless()) {
            co_return std::move(failure_);
        }
        if (now >= give_up) {
            break;
        }
        event_->expires_at(next_event(give_up));
        auto event = event_->async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(event);
    }
    co_return overdue();
}

void Dial::look_up(Lookup::Want want) {
    lookup_.emplace(host_, want, Clock::now(), executor_, [weak = std::weak_ptr(event_)] {
        if (const auto event = weak.lock()) {
            event->cancel();
        }
    });
}

void Dial::take_addresses(TimePoint now) {
    const auto found = lookup_ ? lookup_->outcome(now) : std::nullopt;
    if (!found) {
        return;
    }
    lookup_.reset();
    count(metrics_, *found);
    if (found->has_error()) {
        if (failure_.detail.empty()) {
            failure_ = found->error();
        }
        return;
    }
    Endpoints endpoints = to_endpoints((*found)->addresses, port_);
    if (order_ == config::LoadBalanceHosts::random) {
        std::ranges::shuffle(endpoints, random_generator());
    }
    if (plan_.is_empty()) {
        steps_.finish(metrics_.dns, [&] { return join(endpoints); });
        steps_.begin("connecting");
    }
    plan_.add(endpoints);
    remembered_ = (*found)->is_remembered();
}

/// Those whose turn has come; and when all had their turn, the name servers'.
void Dial::start_attempts(TimePoint now) {
    if (const auto endpoint = plan_.take(now)) {
        const auto attempt = std::make_shared<Attempt>(Attempt{Socket(executor_), *endpoint, now, {}});
        attempts_.push_back(attempt);
        attempt->socket.async_connect(*endpoint, [attempt, weak = std::weak_ptr(event_)](error_code error) {
            attempt->outcome = error;
            if (const auto event = weak.lock()) {
                event->cancel();
            }
        });
    }
    if (remembered_ && plan_.is_used_up() && now >= plan_.due()) {
        remembered_ = false;
        look_up(Lookup::Want::anew);
    }
}

/// The attempt that has succeeded, if one has. Drops those that have failed.
std::shared_ptr<Dial::Attempt> Dial::settle_attempts() {
    for (auto next = attempts_.begin(); next != attempts_.end();) {
        auto attempt = *next;
        if (!attempt->outcome) {
            ++next;
            continue;
        }
        next = attempts_.erase(next);
        if (!*attempt->outcome) {
            return attempt;
        }
        record_failure(*attempt, attempt->outcome->message());
        if (is_out_of_descriptors(*attempt->outcome)) {
            failure_ = no_descriptors();
        }
        plan_.hurry();
    }
    return nullptr;
}

void Dial::record_failure(const Attempt& attempt, const std::string& why) {
    const std::string outcome = to_string(attempt.endpoint) + ": " + why;
    steps_.note(outcome, attempt.began);
    failure_.reason = Reason::connect; // even if asking for other addresses has failed meanwhile
    failure_.hint.clear();
    failure_.message = "could not connect to " + host_->text() + ": " + why;
    failure_.detail += (failure_.detail.empty() ? "tried " : ", ") + outcome;
}

bool Dial::is_hopeless() const {
    return attempts_.empty() && plan_.is_used_up() && !lookup_;
}

Dial::TimePoint Dial::next_event(TimePoint give_up) const {
    TimePoint next = give_up;
    if (lookup_) {
        next = std::min(next, lookup_->until());
    }
    if (remembered_ || !plan_.is_used_up()) {
        next = std::min(next, plan_.due());
    }
    return next;
}

Dial::Socket Dial::take(Attempt& winner) {
    for (const auto& attempt : attempts_) {
        steps_.note(to_string(attempt->endpoint) + ": no answer yet, and no longer needed", attempt->began);
    }
    steps_.finish(metrics_.tcp, [&] { return to_string(winner.endpoint); });
    return forget_writing(std::move(winner.socket), winner.endpoint.protocol());
}

/// The failure at the end of the time.
Failure Dial::overdue() {
    if (attempts_.empty() && failure_.detail.empty()) {
        return {Reason::dns, "could not translate host name \"" + host_->text() + "\" to address: no answer", {}, {}};
    }
    for (const auto& attempt : attempts_) {
        record_failure(*attempt, "no answer");
    }
    return std::move(failure_);
}

} // namespace proxy
