#pragma once

#include "config/settings.h"

#include <string>

namespace config {

/// The settings as a TOML file that loads back to the same settings, but for sslpassword: that it is set is said in a
/// comment, its value never.
std::string to_toml(const Settings& settings);

} // namespace config
