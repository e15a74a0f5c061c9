#pragma once

#include "config/load.h"

namespace proxy {

/// The `run` subcommand: serves until a signal ends it.
/// Throws config::Error and tls::Error before anything is opened, std::runtime_error if an address cannot be bound.
void run_proxy(const config::Overrides& flags);

} // namespace proxy
