#pragma once

#include <string_view>

namespace proxy {

/// status.html, with {{content}} where the content goes.
extern const std::string_view status_page;

} // namespace proxy
