#include "proxy/upstream/patience.h"

#include <algorithm>
#include <cstdint>

namespace proxy {

std::chrono::milliseconds retry_pause(unsigned attempt, double random) {
    constexpr std::chrono::milliseconds first{100};
    constexpr std::chrono::milliseconds longest{1000};
    constexpr unsigned doublings = 4; // more than enough to get there
    const auto whole = std::min(longest, first * (1U << std::min(attempt, doublings)));
    return std::chrono::duration_cast<std::chrono::milliseconds>(whole / 2 + (whole / 2) * random);
}

std::chrono::steady_clock::time_point share_of_time(std::chrono::steady_clock::time_point now,
                                                    std::chrono::steady_clock::time_point end, std::size_t hosts) {
    const bool is_unbounded = end == std::chrono::steady_clock::time_point::max();
    return is_unbounded ? end : now + (end - now) / static_cast<std::int64_t>(hosts);
}

} // namespace proxy
