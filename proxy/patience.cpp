#include "proxy/patience.h"

#include <cstdint>

namespace proxy {

std::chrono::steady_clock::time_point share_of_time(std::chrono::steady_clock::time_point now,
                                                    std::chrono::steady_clock::time_point end, std::size_t hosts) {
    const bool is_unbounded = end == std::chrono::steady_clock::time_point::max();
    return is_unbounded ? end : now + (end - now) / static_cast<std::int64_t>(hosts);
}

} // namespace proxy
