#pragma once

#include "config/settings.h"

#include <chrono>
#include <string>

namespace proxy {

/// Sends a StartupMessage in clear, with a user name that exists nowhere and no password, and tells what the server
/// makes of it: whether it enforces TLS. For `check --probe-enforcement` alone.
std::string probe_plaintext(const config::Target& target, std::chrono::seconds limit);

} // namespace proxy
