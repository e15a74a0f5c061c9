#pragma once

#include "protocol/bytes.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a client may send before anything else.
/// Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
namespace protocol {

/// The longest startup packet that a server takes, without its length word.
constexpr std::size_t max_startup_packet = 10'000;

constexpr std::uint32_t cancel_request_code = 1234U << 16 | 5678;
constexpr std::uint32_t ssl_request_code = 1234U << 16 | 5679;
constexpr std::uint32_t gssenc_request_code = 1234U << 16 | 5680;

/// The one packet that ever leaves in clear.
constexpr std::array<std::uint8_t, 8> ssl_request = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

struct SslRequest {};
struct GssEncRequest {};

struct CancelRequest {
    std::uint32_t process_id = 0;
};

/// Of the parameters only those that say who is connecting; the packet itself is passed on as it came.
struct StartupMessage {
    std::uint16_t minor = 0;
    std::string user;
    std::string database;
};

using StartupPacket = std::variant<SslRequest, GssEncRequest, CancelRequest, StartupMessage>;

/// More bytes are needed before the packet can be told.
struct Incomplete {};

/// The bytes cannot be a startup packet; `reason` says what they look like instead.
struct Invalid {
    std::string_view reason;
};

struct Decoded {
    StartupPacket packet;
    std::size_t size = 0;
};

/// Decodes the startup packet at the beginning of `bytes`; what stands behind it is left alone.
/// Minor versions, parameters and keys are not judged: to refuse them is the server's business.
std::variant<Incomplete, Invalid, Decoded> decode_startup_packet(Bytes bytes);

/// What stands behind the startup packet at the beginning of `bytes`.
Bytes behind_startup_packet(Bytes bytes);

/// Appends `suffix` to the user name in the StartupMessage at the beginning of `bytes`, unless the name has an '@'
/// already or the message has none. What stands behind the message stays there.
void append_to_user(std::vector<std::uint8_t>& bytes, std::string_view suffix);

} // namespace protocol
