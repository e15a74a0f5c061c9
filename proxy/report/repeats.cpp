#include "proxy/report/repeats.h"

namespace proxy {

bool Repeats::allows(const std::string& identity, Clock::time_point now) {
    if (limit_ == 0) {
        return true;
    }
    Window& window = windows_.try_emplace(identity, Window{now + window_}).first->second;
    // One that is over but has not been told goes on, so that its count is not lost.
    if (now >= window.end && window.held_back == 0) {
        window = Window{now + window_};
    }
    if (window.allowed < limit_) {
        ++window.allowed;
        return true;
    }
    ++window.held_back;
    return false;
}

std::vector<Repeats::Summary> Repeats::take_ended(Clock::time_point now) {
    std::vector<Summary> summaries;
    for (const auto& [identity, window] : windows_) {
        if (now >= window.end && window.held_back > 0) {
            summaries.push_back({identity, window.held_back});
        }
    }
    std::erase_if(windows_, [now](const auto& entry) { return now >= entry.second.end; });
    return summaries;
}

} // namespace proxy
