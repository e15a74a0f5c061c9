#pragma once

#include "config/conninfo.h"

namespace config {

/// Whether parse_uri() is what `text` is for.
bool is_uri(std::string_view text);

/// parse_conninfo() for a text that is_uri().
std::vector<Parameter> parse_uri(std::string_view text, const std::string& place);

} // namespace config
