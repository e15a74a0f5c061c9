#pragma once

#include "config/settings.h"

#include <string>
#include <string_view>

namespace config {

/// What the value of a keyword is, where the notation knows types.
enum class ValueType { text, integer, boolean };

/// One of libpq's keywords.
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
struct Keyword {
    std::string_view name;
    ValueType type = ValueType::text;
    /// Puts the value in its place; throws Error without a place. Null for what concerns the session only, which the
    /// app opens itself.
    void (*apply)(Upstream& upstream, const std::string& value) = nullptr;
};

/// Case counts.
bool is_keyword(std::string_view name);

/// Throws Error without a place, with the nearest keyword, when `name` is none.
const Keyword& find_keyword(std::string_view name);

} // namespace config
