#pragma once

#include "config/conninfo.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace config {

/// Returns the value of an environment variable, or nothing when there is none of that name.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// The environment of this process.
std::optional<std::string> process_environment(const char* name);

/// Like `environment(name)`, but an empty variable is one that is not set: container files can say no less.
std::optional<std::string> find_variable(const Environment& environment, const char* name);

/// What libpq's variables (PGHOST, PGSSLMODE, ...) say about an upstream. Those about the session (PGUSER, ...) are
/// not looked at.
/// Source: https://www.postgresql.org/docs/current/libpq-envars.html
std::vector<Parameter> read_libpq_variables(const Environment& environment);

} // namespace config
