#pragma once

#include "proxy/upstream/upstream.h"

namespace proxy {

/// Warns in the log of the upstream's trust anchors that expire within 30 days, and if none is valid any more.
void warn_of_expiry(const Upstream& upstream);

} // namespace proxy
