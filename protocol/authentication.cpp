#include "protocol/authentication.h"

namespace protocol {

std::optional<std::vector<std::string_view>> decode_sasl_mechanisms(Bytes list) {
    std::vector<std::string_view> mechanisms;
    Reader reader(list);
    for (;;) {
        const std::string_view name = reader.cstring();
        if (!reader.ok()) {
            return std::nullopt;
        }
        if (name.empty()) {
            break;
        }
        mechanisms.push_back(name);
    }
    return reader.empty() ? std::optional(std::move(mechanisms)) : std::nullopt;
}

std::vector<std::uint8_t> encode_authentication_sasl(const std::vector<std::string_view>& mechanisms) {
    Writer message(authentication_tag);
    message.u32(authentication_sasl);
    for (const std::string_view mechanism : mechanisms) {
        message.cstring(mechanism);
    }
    message.byte('\0');
    return std::move(message).finish();
}

bool binds_channel(std::string_view mechanism) {
    return mechanism.ends_with("-PLUS");
}

} // namespace protocol
