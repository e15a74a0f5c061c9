#pragma once

#include "config/conninfo.h"
#include "config/settings.h"

#include <string>
#include <vector>

namespace config {

struct ParsedUpstream {
    Upstream upstream;
    /// The keywords that concern the session only, each once, in the order of their appearance.
    std::vector<std::string> ignored;
    /// Those of the parameters that count.
    std::vector<std::string> notices;
};

/// Applies libpq's parameters, whatever they were read from; of a keyword that comes twice the last one counts.
/// Throws Error at the parameter that is wrong, or at `place` when none of them names a host.
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
ParsedUpstream make_upstream(const std::vector<Parameter>& parameters, const std::string& place);

} // namespace config
