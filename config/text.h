#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

/// What stands between the commas; a text without any is its only entry.
std::vector<std::string> split_at_commas(std::string_view text);

/// A decimal `int` as libpq takes one: blanks around and a sign are allowed. Throws Error without a place.
int parse_integer(const std::string& text);

} // namespace config
