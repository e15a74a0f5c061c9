#include "protocol/startup.h"

#include <algorithm>

namespace protocol {
namespace {

constexpr std::size_t header_size = 8;
constexpr std::size_t min_cancel_request = 16;

bool starts_with(Bytes bytes, std::string_view prefix) {
    return bytes.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                      [](char wanted, std::uint8_t got) { return static_cast<std::uint8_t>(wanted) == got; });
}

Invalid describe_bad_length(Bytes bytes) {
    if (starts_with(bytes, "\x16\x03")) {
        return {
            "a TLS ClientHello: the application already speaks TLS (sslnegotiation=direct), but this leg is plaintext"};
    }
    for (const std::string_view method : {"GET ", "POST", "HEAD", "PUT ", "OPTI"}) {
        if (starts_with(bytes, method)) {
            return {"an HTTP request: this port speaks PostgreSQL"};
        }
    }
    return {"a startup packet with a length outside 8 to 10,004 bytes"};
}

StartupMessage decode_startup_message(std::uint16_t minor, Bytes parameters) {
    StartupMessage message{.minor = minor, .user = {}, .database = {}};
    Reader reader(parameters);
    while (reader.ok() && !reader.empty()) {
        const std::string_view name = reader.cstring();
        if (name.empty()) {
            break;
        }
        const std::string_view value = reader.cstring();
        if (name == "user") {
            message.user = value;
        } else if (name == "database") {
            message.database = value;
        }
    }
    return message;
}

} // namespace

std::variant<Incomplete, Invalid, Decoded> decode_startup_packet(Bytes bytes) {
    Reader reader(bytes);
    const std::uint32_t length = reader.u32();
    if (!reader.ok()) {
        return Incomplete{};
    }
    if (length < header_size || length > sizeof length + max_startup_packet) {
        return describe_bad_length(bytes);
    }
    if (bytes.size() < length) {
        return Incomplete{};
    }
    const std::uint32_t code = reader.u32();
    if (code == ssl_request_code || code == gssenc_request_code) {
        if (length != header_size) {
            return Invalid{"an encryption request with a body"};
        }
        return code == ssl_request_code ? Decoded{SslRequest{}, length} : Decoded{GssEncRequest{}, length};
    }
    if (code == cancel_request_code) {
        if (length < min_cancel_request) {
            return Invalid{"a CancelRequest without a key"};
        }
        return Decoded{CancelRequest{.process_id = reader.u32()}, length};
    }
    if (code >> 16 != 3) {
        return Invalid{"a startup packet of a protocol other than 3.x"};
    }
    const Bytes parameters = bytes.subspan(header_size, length - header_size);
    return Decoded{decode_startup_message(static_cast<std::uint16_t>(code & 0xffff), parameters), length};
}

Bytes behind_startup_packet(Bytes bytes) {
    return bytes.subspan(boost::endian::load_big_u32(bytes.data()));
}

void append_to_user(std::vector<std::uint8_t>& bytes, std::string_view suffix) {
    const std::uint32_t length = boost::endian::load_big_u32(bytes.data());
    Reader reader(Bytes(bytes).subspan(header_size, length - header_size));
    while (reader.ok() && !reader.empty()) {
        const std::string_view name = reader.cstring();
        const std::string_view value = reader.cstring();
        if (name != "user" || !reader.ok()) {
            continue;
        }
        if (value.find('@') == std::string_view::npos) {
            const auto* end = reinterpret_cast<const std::uint8_t*>(value.data() + value.size());
            bytes.insert(bytes.begin() + (end - bytes.data()), suffix.begin(), suffix.end());
            boost::endian::store_big_u32(bytes.data(), length + static_cast<std::uint32_t>(suffix.size()));
        }
        return;
    }
}

} // namespace protocol
