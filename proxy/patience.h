#pragma once

#include <chrono>
#include <cstddef>

/// How the time of a connect is divided. Pure.
namespace proxy {

/// The moment until which the first of `hosts` may take, so that each of those behind it gets as much before `end`.
/// TimePoint::max(), which stands for no end, has no parts.
std::chrono::steady_clock::time_point share_of_time(std::chrono::steady_clock::time_point now,
                                                    std::chrono::steady_clock::time_point end, std::size_t hosts);

} // namespace proxy
