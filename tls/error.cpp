#include "tls/error.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

namespace tls {

std::string drain_error_queue() {
    std::string reasons;
    while (const unsigned long code = ERR_get_error()) {
        const char* reason =
            ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
        if (!reasons.empty()) {
            reasons += "; ";
        }
        reasons += reason != nullptr ? reason : "error " + std::to_string(code);
    }
    return reasons;
}

std::string escape(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string escaped;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            escaped += c;
        } else {
            escaped += "\\x";
            escaped += digits[byte >> 4];
            escaped += digits[byte & 0xf];
        }
    }
    return escaped;
}

std::string shorten(std::string_view text, std::size_t limit) {
    constexpr std::string_view ellipsis = "…";
    constexpr std::size_t longest_escape = 10; // OpenSSL's: \W and eight digits
    if (text.size() <= limit) {
        return std::string(text);
    }
    std::size_t end = limit - ellipsis.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
        --end;
    }
    text = text.substr(0, end);
    text = text.substr(0, text.find('\\', text.size() - std::min(text.size(), longest_escape - 1)));
    while (text.ends_with('\\')) { // the first of a pair
        text.remove_suffix(1);
    }
    return std::string(text) + std::string(ellipsis);
}

} // namespace tls
