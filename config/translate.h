#pragma once

#include "config/conninfo.h"
#include "config/pair_scanner.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

/// libpq's keyword for what other languages call it: nothing for an unknown key, empty for one to leave out.
std::optional<std::string> translate_key(std::string_view key);

/// Appends the parameter that a pair of another language stands for; see parse_portal_string() for what becomes of
/// sslmode and of values. Throws Error without a place; it quotes no value.
void translate(const Pair& pair, const std::string& place, std::vector<Parameter>& parameters);

} // namespace config
