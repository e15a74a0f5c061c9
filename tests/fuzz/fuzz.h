#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

/// What libFuzzer calls with every input. A target looks for more than crashes: it aborts where a property is broken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

using Bytes = std::span<const std::uint8_t>;

/// Ends the program, and so gives the input away, unless `holds`.
inline void require(bool holds, const char* property) {
    if (!holds) {
        std::fprintf(stderr, "broken: %s\n", property);
        std::abort();
    }
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Calls `use` with the bytes in pieces of `size`, the last of which may be shorter, as long as it returns true.
template <typename Use>
void in_pieces(Bytes bytes, std::size_t size, const Use& use) {
    for (std::size_t begin = 0; begin < bytes.size(); begin += size) {
        if (!use(bytes.subspan(begin, std::min(size, bytes.size() - begin)))) {
            return;
        }
    }
}

/// Whether a terminal would show the text as it is.
inline bool is_printable(std::string_view text) {
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

} // namespace fuzz
