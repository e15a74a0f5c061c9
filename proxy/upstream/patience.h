#pragma once

#include <chrono>
#include <cstddef>

/// How the time of a connect is divided. Pure.
namespace proxy {

/// The pause before the `attempt`-th try anew, counted from 0: 100 ms, doubled each time up to 1 s, of which `random`,
/// in [0, 1), leaves between the half and all; connections that failed together shall not come back together.
std::chrono::milliseconds retry_pause(unsigned attempt, double random);

/// The moment until which the first of `hosts` may take, so that each of those behind it gets as much before `end`.
/// TimePoint::max(), which stands for no end, has no parts.
std::chrono::steady_clock::time_point share_of_time(std::chrono::steady_clock::time_point now,
                                                    std::chrono::steady_clock::time_point end, std::size_t hosts);

} // namespace proxy
