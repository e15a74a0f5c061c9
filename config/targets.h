#pragma once

#include "config/conninfo.h"
#include "config/settings.h"

#include <vector>

namespace config {

/// The target list that comma-separated `host`, `hostaddr` and `port` describe; each may be null. Host names and
/// addresses match one to one, a single port serves all, an empty port is 5432.
/// Empty when neither `host` nor `hostaddr` names a server. Throws Error at the parameter that is wrong.
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
std::vector<Target> make_targets(const Parameter* host, const Parameter* hostaddr, const Parameter* port);

} // namespace config
