#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace protocol {

/// The fields of an ErrorResponse of severity FATAL. An empty detail or hint is left out.
/// Source: https://www.postgresql.org/docs/current/protocol-error-fields.html
struct FatalError {
    std::string_view sqlstate;
    std::string_view message;
    std::string_view detail;
    std::string_view hint;
};

/// The whole ErrorResponse message.
std::vector<std::uint8_t> encode_error_response(const FatalError& error);

} // namespace protocol
