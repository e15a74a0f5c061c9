#pragma once

#include "protocol/bytes.h"

#include <boost/algorithm/hex.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

/// Messages as they stand on the wire, built without the code under test.
namespace protocol::wire {

using std::string_view_literals::operator""sv;

using Buffer = std::vector<std::uint8_t>;

/// The bytes of a string, without a terminator; write `text("user\0app\0"sv)` to keep zeros inside.
inline Buffer text(std::string_view characters) {
    return {characters.begin(), characters.end()};
}

/// The bytes of a hex dump; spaces between them do not count.
inline Buffer hex(std::string dump) {
    std::erase(dump, ' ');
    Buffer bytes;
    boost::algorithm::unhex(dump, std::back_inserter(bytes));
    return bytes;
}

inline Buffer u32(std::uint32_t value) {
    return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
            static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

template <typename... Parts>
Buffer join(const Parts&... parts) {
    Buffer whole;
    (whole.insert(whole.end(), parts.begin(), parts.end()), ...);
    return whole;
}

/// A header that announces `length`, whatever follows it.
inline Buffer header(char tag, std::uint32_t length) {
    return join(Buffer{static_cast<std::uint8_t>(tag)}, u32(length));
}

inline Buffer message(char tag, const Buffer& body) {
    return join(header(tag, static_cast<std::uint32_t>(4 + body.size())), body);
}

inline Buffer authentication(std::uint32_t code, const Buffer& body = {}) {
    return message('R', join(u32(code), body));
}

/// The list of an AuthenticationSASL message: every name with its zero, and the zero that ends them.
inline Buffer mechanism_list(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
        list += name + '\0';
    }
    return text(list + '\0');
}

inline Buffer sasl_offer(const std::vector<std::string>& names) {
    return authentication(10, mechanism_list(names));
}

/// A packet without a tag: length, code, body.
inline Buffer startup_packet(std::uint32_t code, const Buffer& body = {}) {
    return join(u32(static_cast<std::uint32_t>(8 + body.size())), u32(code), body);
}

// What a server says, for tests that need some message of a kind.
inline const Buffer negotiate_protocol_version = message('v', join(u32(0), u32(1), "_pq_.greased\0"sv));
inline const Buffer notice = message('N', text("SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"sv));
inline const Buffer error = message('E', text("SFATAL\0VFATAL\0C28P01\0Mpassword\0\0"sv));
inline const Buffer ok = authentication(0);
inline const Buffer kerberos_v5 = authentication(2);
inline const Buffer cleartext_password = authentication(3);
inline const Buffer md5_password = authentication(5, hex("deadbeef"));
inline const Buffer gss = authentication(7);
inline const Buffer gss_continue = authentication(8, text("SCRAM-SHA-256-PLUS\0\0"sv));
inline const Buffer sspi = authentication(9);
inline const Buffer sasl_continue = authentication(11, text("r=nonce,s=c2FsdA==,i=4096"));
inline const Buffer sasl_final = authentication(12, text("v=c2lnbmF0dXJl"));
inline const Buffer parameter_status = message('S', text("TimeZone\0UTC\0"sv));
inline const Buffer backend_key_data = message('K', hex("00001092 deadbeef"));
inline const Buffer ready_for_query = message('Z', text("I"));

/// The bytes cut into pieces of `size`; the last may be shorter.
inline std::vector<Bytes> pieces_of(Bytes bytes, std::size_t size) {
    std::vector<Bytes> pieces;
    for (; !bytes.empty(); bytes = bytes.subspan(pieces.back().size())) {
        pieces.push_back(bytes.first(std::min(size, bytes.size())));
    }
    return pieces;
}

/// Calls `check` with the bytes cut in two at every position, both ends included, and then cut into single bytes.
template <typename Check>
void for_each_split(Bytes bytes, Check check) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        SCOPED_TRACE("cut at " + std::to_string(cut));
        check(std::vector<Bytes>{bytes.first(cut), bytes.subspan(cut)});
    }
    SCOPED_TRACE("byte by byte");
    check(pieces_of(bytes, 1));
}

} // namespace protocol::wire
