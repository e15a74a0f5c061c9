#include "protocol/startup.h"
#include "tests/protocol/wire.h"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <variant>

namespace protocol {
namespace {

using namespace wire;
using testing::HasSubstr;

constexpr std::uint32_t protocol_3_0 = 3U << 16;

/// The packet at the beginning of `bytes`, if it is a `Packet` that takes up `size` bytes.
template <typename Packet>
std::optional<Packet> decode_as(Bytes bytes, std::size_t size) {
    const auto result = decode_startup_packet(bytes);
    const auto* decoded = std::get_if<Decoded>(&result);
    if (!decoded || decoded->size != size || !std::holds_alternative<Packet>(decoded->packet)) {
        return std::nullopt;
    }
    return std::get<Packet>(decoded->packet);
}

template <typename Packet>
std::optional<Packet> decode_as(Bytes bytes) {
    return decode_as<Packet>(bytes, bytes.size());
}

bool is_incomplete(Bytes bytes) {
    return std::holds_alternative<Incomplete>(decode_startup_packet(bytes));
}

/// Why `bytes` are invalid; empty if they are not.
std::string reason(Bytes bytes) {
    const auto result = decode_startup_packet(bytes);
    const auto* invalid = std::get_if<Invalid>(&result);
    return invalid ? std::string(invalid->reason) : "";
}

/// A StartupMessage whose length word says `size`.
Buffer startup_message_of(std::size_t size) {
    const Buffer begin = text("user\0app\0application_name\0"sv);
    return startup_packet(protocol_3_0, join(begin, std::string(size - 8 - begin.size() - 2, 'x'), "\0\0"sv));
}

TEST(StartupPacket, IsIncompleteAtEveryPositionButItsEnd) {
    const std::vector<Buffer> packets = {
        startup_packet(ssl_request_code),
        startup_packet(gssenc_request_code),
        startup_packet(cancel_request_code, hex("00001092 deadbeef")),
        startup_packet(protocol_3_0, text("user\0app\0database\0shop\0\0"sv)),
    };
    for (const Buffer& packet : packets) {
        for (std::size_t size = 0; size < packet.size(); ++size) {
            EXPECT_TRUE(is_incomplete(Bytes(packet).first(size))) << size << " of " << packet.size() << " bytes";
        }
        EXPECT_FALSE(is_incomplete(packet));
    }
}

TEST(EncryptionRequest, IsToldFromItsCode) {
    EXPECT_TRUE(decode_as<SslRequest>(hex("00000008 04d2162f")));
    EXPECT_TRUE(decode_as<GssEncRequest>(hex("00000008 04d21630")));
}

TEST(EncryptionRequest, IsWhatWeSendOurselves) {
    EXPECT_TRUE(decode_as<SslRequest>(ssl_request));
}

TEST(EncryptionRequest, LeavesTheBytesBehindItAlone) {
    const Buffer startup = startup_packet(protocol_3_0, text("user\0app\0\0"sv));
    const Buffer both = join(hex("00000008 04d2162f"), startup);
    EXPECT_TRUE(decode_as<SslRequest>(both, 8));
    EXPECT_TRUE(decode_as<GssEncRequest>(join(hex("00000008 04d21630"), both), 8));
    EXPECT_TRUE(decode_as<StartupMessage>(Bytes(both).subspan(8), startup.size()));
}

TEST(EncryptionRequest, HasNoBody) {
    EXPECT_THAT(reason(startup_packet(ssl_request_code, hex("00"))), HasSubstr("encryption request"));
    EXPECT_THAT(reason(startup_packet(gssenc_request_code, hex("00000000"))), HasSubstr("encryption request"));
}

TEST(CancelRequest, MayCarryAKeyOf4To256Bytes) {
    for (std::size_t key_size = 4; key_size <= 256; ++key_size) {
        const Buffer packet = startup_packet(cancel_request_code, join(hex("80001092"), std::string(key_size, '\xff')));
        const auto cancel = decode_as<CancelRequest>(join(packet, "behind"sv), packet.size());
        ASSERT_TRUE(cancel) << "a key of " << key_size << " bytes";
        EXPECT_EQ(cancel->process_id, 0x80001092U);
    }
}

TEST(CancelRequest, IsInvalidWithoutAWholeKey) {
    for (std::size_t body_size = 0; body_size < 8; ++body_size) {
        const Buffer packet = startup_packet(cancel_request_code, Buffer(body_size));
        EXPECT_THAT(reason(packet), HasSubstr("CancelRequest")) << "a body of " << body_size << " bytes";
    }
}

TEST(StartupMessage, SaysWhoIsConnecting) {
    const auto message = decode_as<StartupMessage>(startup_packet(
        protocol_3_0, text("client_encoding\0UTF8\0user\0app\0options\0-c a=b\0database\0shop\0x\0y\0\0"sv)));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->user, "app");
    EXPECT_EQ(message->database, "shop");
}

TEST(StartupMessage, IsAcceptedInEveryMinorVersion) {
    for (const std::uint32_t minor : {0U, 2U, 9999U, 65535U}) {
        const auto message = decode_as<StartupMessage>(startup_packet(protocol_3_0 | minor, text("user\0app\0\0"sv)));
        ASSERT_TRUE(message) << "3." << minor;
        EXPECT_EQ(message->minor, minor);
        EXPECT_EQ(message->user, "app");
    }
}

TEST(StartupMessage, MayNameNoDatabaseAndNobody) {
    const auto no_database = decode_as<StartupMessage>(startup_packet(protocol_3_0, text("user\0app\0\0"sv)));
    ASSERT_TRUE(no_database);
    EXPECT_EQ(no_database->database, "");
    const auto empty_database =
        decode_as<StartupMessage>(startup_packet(protocol_3_0, text("database\0\0user\0app\0\0"sv)));
    ASSERT_TRUE(empty_database);
    EXPECT_EQ(empty_database->user, "app") << "an empty value is not the end of the list";
    EXPECT_TRUE(decode_as<StartupMessage>(startup_packet(protocol_3_0, text("\0"sv))));
    EXPECT_TRUE(decode_as<StartupMessage>(startup_packet(protocol_3_0)));
}

TEST(StartupMessage, TakesNoValueForAName) {
    const auto message = decode_as<StartupMessage>(
        startup_packet(protocol_3_0, text("application_name\0user\0options\0database\0user\0app\0\0"sv)));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->user, "app");
    EXPECT_EQ(message->database, "");
}

TEST(StartupMessage, GoesToTheServerAsItIsWhenItsTerminatorsAreMissing) {
    for (const std::string_view parameters :
         {"user\0app\0"sv, "user\0app"sv, "user\0"sv, "user"sv, "user\0app\0\0x"sv}) {
        EXPECT_TRUE(decode_as<StartupMessage>(startup_packet(protocol_3_0, text(parameters))))
            << testing::PrintToString(parameters);
    }
}

TEST(StartupMessage, IsNotReadPastItsEnd) {
    const Buffer packet = startup_packet(protocol_3_0, text("user\0app\0"sv));
    const auto before_packet_end = decode_as<StartupMessage>(join(packet, "database\0x\0\0"sv), packet.size());
    ASSERT_TRUE(before_packet_end);
    EXPECT_EQ(before_packet_end->database, "");
    const auto before_terminator =
        decode_as<StartupMessage>(startup_packet(protocol_3_0, text("user\0app\0\0x\0database\0x\0\0"sv)));
    ASSERT_TRUE(before_terminator);
    EXPECT_EQ(before_terminator->database, "");
}

TEST(StartupPacket, IsInvalidInOtherProtocols) {
    for (const std::uint32_t code : {0U, 1U << 16, 2U << 16, 4U << 16, 3U, 0xffffffffU, ssl_request_code + 2}) {
        EXPECT_THAT(reason(startup_packet(code, Buffer(288))), HasSubstr("protocol other than 3.x")) << code;
    }
}

TEST(StartupPacket, MayBeAsLongAsItsBound) {
    const Buffer longest = startup_message_of(4 + max_startup_packet);
    const auto message = decode_as<StartupMessage>(longest);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->user, "app");
    EXPECT_TRUE(is_incomplete(Bytes(longest).first(4 + max_startup_packet - 1)));
    EXPECT_NE(reason(startup_message_of(4 + max_startup_packet + 1)), "");
}

TEST(StartupPacket, IsInvalidOutsideItsBoundsAsSoonAsTheLengthIsThere) {
    for (const std::uint32_t length :
         {0U, 3U, 4U, 7U, 10'005U, 65'536U, 65'537U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
        EXPECT_THAT(reason(u32(length)), HasSubstr("length")) << length;
        EXPECT_THAT(reason(join(u32(length), u32(protocol_3_0))), HasSubstr("length")) << length;
    }
}

TEST(StartupPacket, IsToldFromAClientHello) {
    EXPECT_THAT(reason(hex("16 0301 0200 01 0001fc 0303")), HasSubstr("TLS ClientHello"));
    EXPECT_THAT(reason(hex("16 0303 01")), HasSubstr("TLS ClientHello")) << "four bytes are enough";
}

TEST(StartupPacket, IsToldFromAnHttpRequest) {
    for (const std::string_view line : {"GET / HTTP/1.1\r\n", "POST /", "HEAD /", "PUT /", "OPTIONS *"}) {
        EXPECT_THAT(reason(text(line)), HasSubstr("HTTP request")) << line;
    }
    EXPECT_THAT(reason(text("SSH-2.0-OpenSSH_9.2\r\n")), HasSubstr("length"));
}

TEST(BehindStartupPacket, IsWhatItsLengthLeaves) {
    const Buffer packet = startup_packet(protocol_3_0, text("user\0app\0\0"sv));
    EXPECT_TRUE(behind_startup_packet(packet).empty());
    const Buffer both = join(packet, text("behind"sv));
    const Bytes behind = behind_startup_packet(both);
    EXPECT_EQ(Buffer(behind.begin(), behind.end()), text("behind"sv));
}

TEST(AppendToUser, GoesToTheUserAndMovesTheRest) {
    Buffer bytes = join(startup_packet(protocol_3_0, text("database\0user\0user\0app\0x\0y\0\0"sv)), text("behind"sv));
    append_to_user(bytes, "@server");
    EXPECT_EQ(bytes, join(startup_packet(protocol_3_0, text("database\0user\0user\0app@server\0x\0y\0\0"sv)),
                          text("behind"sv)));
}

TEST(AppendToUser, LeavesOtherMessagesAlone) {
    for (const std::string_view parameters :
         {"user\0app@other\0database\0x\0\0"sv, "database\0user\0\0"sv, "user\0app"sv, "user"sv, "\0"sv, ""sv}) {
        const Buffer packet = startup_packet(protocol_3_0, text(parameters));
        Buffer bytes = packet;
        append_to_user(bytes, "@server");
        EXPECT_EQ(bytes, packet);
    }
}

} // namespace
} // namespace protocol
