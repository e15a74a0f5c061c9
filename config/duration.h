#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace config {

/// Parses a whole number with a unit (`500ms`, `10s`, `2m`, `1h`) or `0`. At most a year, so that no clock overflows.
/// Throws Error without a place.
std::chrono::milliseconds parse_duration(std::string_view text);

/// The spelling that parse_duration() takes, in the largest unit that needs no fraction.
std::string to_string(std::chrono::milliseconds duration);

} // namespace config
