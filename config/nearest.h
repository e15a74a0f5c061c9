#pragma once

#include <span>
#include <string>
#include <string_view>

namespace config {

/// The candidate that `word` most likely misspells, or an empty view when none is close: at most one edit for every
/// three letters. An edit inserts, removes or replaces a letter or swaps two neighbours; case does not count.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// The end of an error message: `; did you mean "x"?`, or nothing when no candidate is close.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

} // namespace config
