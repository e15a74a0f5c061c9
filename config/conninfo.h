#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

/// One keyword with its value as it was written.
struct Parameter {
    std::string keyword;
    std::string value;
    /// The file:line:column, flag or environment variable that it was read from.
    std::string place;
    /// What the user should know about it, for Loaded::notices; often nothing.
    std::string notice{};

    /// The beginning of an error message about the value.
    std::string where() const { return place + ": " + keyword; }

    bool operator==(const Parameter&) const = default;
};

/// Splits a conninfo into its parameters, in order; a repeated keyword is returned as often. `text` is a
/// `postgresql://` or `postgres://` URI, `keyword=value` pairs, or what parse_portal_string() takes. Which keywords
/// there are is not looked at. Throws Error at `place`; the message never quotes the text, which may hold a password.
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
std::vector<Parameter> parse_conninfo(std::string_view text, const std::string& place);

} // namespace config
