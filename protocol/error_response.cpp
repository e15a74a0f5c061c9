#include "protocol/error_response.h"

#include "protocol/bytes.h"

namespace protocol {

std::vector<std::uint8_t> encode_error_response(const FatalError& error) {
    Writer message('E');
    message.byte('S').cstring("FATAL").byte('V').cstring("FATAL");
    message.byte('C').cstring(error.sqlstate).byte('M').cstring(error.message);
    if (!error.detail.empty()) {
        message.byte('D').cstring(error.detail);
    }
    if (!error.hint.empty()) {
        message.byte('H').cstring(error.hint);
    }
    message.byte('\0');
    return std::move(message).finish();
}

} // namespace protocol
