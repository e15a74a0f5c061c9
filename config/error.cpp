#include "config/error.h"

namespace config {

std::string escape_controls(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte == 0x7f) {
            result += "\\x";
            result += digits[byte >> 4];
            result += digits[byte & 0xf];
        } else {
            result += character;
        }
    }
    return result;
}

std::string in_quotes(std::string_view text) {
    return '"' + escape_controls(text) + '"';
}

} // namespace config
