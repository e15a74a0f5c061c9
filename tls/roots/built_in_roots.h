#pragma once

#include <span>
#include <string_view>

namespace tls {

/// A trust anchor that is part of the binary.
struct BuiltInRoot {
    std::string_view name; ///< its file name in tls/roots, without the ending
    std::string_view pem;
};

/// The roots under which Azure Database for PostgreSQL has issued, the oldest first.
std::span<const BuiltInRoot> built_in_roots();

} // namespace tls
