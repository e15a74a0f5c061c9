#pragma once

#include "protocol/bytes.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// Authentication messages of the server.
/// Source: https://www.postgresql.org/docs/current/protocol-message-formats.html (Authentication*)
namespace protocol {

constexpr char authentication_tag = 'R';
constexpr std::uint32_t authentication_ok = 0;
constexpr std::uint32_t authentication_sasl = 10;

/// The mechanism names in the body of an AuthenticationSASL message behind its code; views into `list`.
/// Nothing, if the list does not end in an empty name, or has bytes behind that.
std::optional<std::vector<std::string_view>> decode_sasl_mechanisms(Bytes list);

/// A whole AuthenticationSASL message that offers `mechanisms`.
std::vector<std::uint8_t> encode_authentication_sasl(const std::vector<std::string_view>& mechanisms);

/// Whether a SASL mechanism binds to the TLS channel (RFC 5801, section 4): its name ends in "-PLUS".
bool binds_channel(std::string_view mechanism);

} // namespace protocol
