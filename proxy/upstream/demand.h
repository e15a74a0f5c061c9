#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace proxy {

/// How many warm connections are worth holding: as many as sessions began within a moment of one another, at the most
/// in the last minute. Knows no clock of its own.
class Demand {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Sessions that begin within this time of one another find no connection that was replaced in between.
    static constexpr std::chrono::milliseconds moment{250};
    /// How long a burst is remembered. Without any, nothing is worth holding.
    static constexpr std::chrono::seconds memory{60};

    /// Never asks for more than `limit`.
    explicit Demand(std::size_t limit) : limit_(limit) {}

    /// A session begins. Times must not go backwards.
    void arrival(Time now);

    /// What was held was of no use: nothing is worth holding for as long as a burst is remembered.
    void pause(Time now);

    /// How many to hold from now on.
    std::size_t target(Time now);

private:
    struct Burst {
        Time time;
        std::size_t size;
    };

    std::size_t limit_;
    Time pause_end_ = Time::min();
    std::deque<Time> arrivals_; ///< within a moment of the last, at most `limit_`
    std::deque<Burst> bursts_;  ///< those that no later one exceeds: the first is the largest
};

} // namespace proxy
