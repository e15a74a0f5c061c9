#pragma once

#include "config/settings.h"

#include <chrono>
#include <string>

namespace proxy {

/// Asks the admin server of a running proxy whether it is ready, again and again until it is or `wait` is over.
/// Returns an empty string if it is, else what is in the way.
std::string ask_readiness(const config::Address& admin, std::chrono::seconds wait);

} // namespace proxy
