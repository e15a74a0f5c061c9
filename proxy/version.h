#pragma once

#include <string>
#include <string_view>

namespace proxy {

extern const std::string_view version;  ///< of the project, as in CMakeLists.txt
extern const std::string_view revision; ///< the commit it was built from; "unknown" outside a checkout

/// The OpenSSL that runs, which need not be the one it was built with: "3.0.17".
std::string openssl_version();

} // namespace proxy
