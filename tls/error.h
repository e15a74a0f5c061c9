#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tls {

/// Trust or key material that cannot be used. The message names the file or setting, what is wrong, and the way out.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Takes everything out of this thread's OpenSSL error queue; returns the reasons, the first cause first.
/// Empty if the queue was.
std::string drain_error_queue();

/// `text` with everything but printable ASCII written as \xNN: what came from the wire must not reach a terminal raw.
std::string escape(std::string_view text);

/// `text` in at most `limit` bytes: what is cut off becomes "…". Cuts no character of UTF-8 and no escape in two.
std::string shorten(std::string_view text, std::size_t limit);

} // namespace tls
