#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace proxy {

/// Which of many identical events are worth a line: in each window that the first of them opens, so many; the rest is
/// counted. Pure: the caller has the clock. Not thread-safe.
class Repeats {
public:
    using Clock = std::chrono::steady_clock;

    struct Summary {
        std::string identity;
        std::size_t times; ///< how many events were held back
    };

    /// `limit`: lines in a window; zero: no limit.
    Repeats(unsigned limit, Clock::duration window) : limit_(limit), window_(window) {}

    void set_limit(unsigned limit) { limit_ = limit; }

    /// Counts an event. False if it is to be held back.
    bool allows(const std::string& identity, Clock::time_point now);

    /// The windows that are over at `now`; only those where something was held back. Each is told once.
    std::vector<Summary> take_ended(Clock::time_point now);

private:
    struct Window {
        Clock::time_point end;
        std::size_t allowed = 0;
        std::size_t held_back = 0;
    };

    unsigned limit_;
    Clock::duration window_;
    std::map<std::string, Window> windows_;
};

} // namespace proxy
