#pragma once

#include "config/file.h"
#include "config/toml_entry.h"

#include <vector>

namespace config {

/// Reads the array of [[listener]] tables. Throws Error at file:line:column.
std::vector<ListenerDraft> read_listeners(const Entry& entry);

/// The most that any max_connections can be.
constexpr unsigned most_connections = 1'000'000;

} // namespace config
