#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

/// How pairs of a key and a value are written.
struct PairNotation {
    /// The characters that end an unquoted value.
    std::string_view separators;
    /// Whether they are arguments or members in a program: values may nest, a closing bracket ends the pairs.
    bool is_code = false;
};

/// A key with its value as they are written, without quotes, escapes unresolved.
struct Pair {
    std::string_view key;
    std::string_view value;
    /// Whether the value is something to compute, such as a variable or an object.
    bool is_expression = false;
    /// Where it begins, as the beginning of an error message.
    std::string place{};
};

/// The key that `text` begins with, as in `User Id=`, `"host": ` or `:host =>`; empty when there is none.
std::string_view leading_key(std::string_view text);

/// What stands in the quotes that `text` begins with; empty when it begins with none or they are never closed.
std::string_view leading_quoted(std::string_view text);

/// Splits `text`, a part of `whole`, into its pairs. Throws Error without a place; it counts characters in `whole` and
/// quotes none of them.
std::vector<Pair> scan_pairs(std::string_view whole, std::string_view text, const PairNotation& notation);

} // namespace config
