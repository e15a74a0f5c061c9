#pragma once

#include <string_view>

namespace proxy {

/// Tells a service manager how it goes: "READY=1", "STOPPING=1". Does nothing where $NOTIFY_SOCKET is not set.
/// Source: sd_notify(3)
void notify_service_manager(std::string_view state);

} // namespace proxy
