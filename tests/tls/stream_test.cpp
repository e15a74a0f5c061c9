#include "tests/tls/connection.h"
#include "tls/stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tls {
namespace {

using namespace test;
using Status = Stream::Status;

/// A connection with its handshake done, for each version of TLS.
struct StreamOfVersion : testing::TestWithParam<int> {
    Connection connection{{.server = {.max_version = GetParam()}}};
    Stream& stream = connection.stream;
    TlsServer& server = connection.server;

    void SetUp() override { ASSERT_FALSE(connection.handshake()); }

    std::string read(std::size_t size) { return connection.read(size).data; }
};

INSTANTIATE_TEST_SUITE_P(Tls, StreamOfVersion, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "1_2" : "1_3"; });

TEST_P(StreamOfVersion, WantsToReadWhenThereIsNothing) {
    std::array<std::uint8_t, 16> buffer{};
    const auto [size, status] = stream.read_some(buffer);
    EXPECT_EQ(size, 0U);
    EXPECT_EQ(status, Status::want_read);
}

TEST_P(StreamOfVersion, MovesNothingWhenAskedFor) {
    EXPECT_EQ(stream.read_some({}).status, Status::ok);
    EXPECT_EQ(stream.write_some({}).status, Status::ok);
}

TEST_P(StreamOfVersion, CarriesBytesBothWays) {
    const auto [size, status] = stream.write_some(as_bytes("select 1"));
    EXPECT_EQ(size, 8U);
    EXPECT_EQ(status, Status::ok);
    EXPECT_EQ(connection.read_at_server(8), "select 1");
    server.write("one row");
    EXPECT_EQ(read(7), "one row");
}

TEST_P(StreamOfVersion, CarriesALot) {
    const std::string data = pattern(1'000'000);
    std::string arrived;
    auto rest = as_bytes(data);
    while (arrived.size() < data.size()) {
        rest = rest.subspan(stream.write_some(rest).size);
        arrived += server.read();
    }
    EXPECT_TRUE(arrived == data);
    server.write(data);
    EXPECT_TRUE(read(data.size()) == data);
}

TEST_P(StreamOfVersion, FillsTheBufferAndKeepsTheRest) {
    server.write("0123456789");
    EXPECT_EQ(read(1), "0");
    std::array<std::uint8_t, 4> buffer{};
    for (const std::string_view expected : {"1234", "5678"}) {
        const auto [size, status] = stream.read_some(buffer);
        EXPECT_EQ(std::string_view(reinterpret_cast<char*>(buffer.data()), size), expected);
        EXPECT_EQ(status, Status::ok);
    }
    const auto [size, status] = stream.read_some(buffer);
    EXPECT_EQ(size, 1U);
    EXPECT_EQ(status, Status::want_read);
}

TEST_P(StreamOfVersion, DecryptsManyRecordsAtOnce) {
    const std::string data = pattern(300);
    std::string records;
    for (const char byte : data) {
        records += server.encrypt({&byte, 1});
    }
    server.send(records);
    connection.run(connection.readable());
    std::array<std::uint8_t, 1000> buffer{};
    const auto [size, status] = stream.read_some(buffer);
    EXPECT_EQ(std::string(buffer.begin(), buffer.begin() + size), data);
    EXPECT_EQ(status, Status::want_read);
}

TEST_P(StreamOfVersion, WaitsForTheEndOfARecord) {
    const std::string record = server.encrypt("hello");
    std::array<std::uint8_t, 16> buffer{};
    for (const char byte : record) {
        const auto [size, status] = stream.read_some(buffer);
        EXPECT_EQ(size, 0U);
        EXPECT_EQ(status, Status::want_read);
        server.send({&byte, 1});
        EXPECT_FALSE(connection.run(connection.readable()));
    }
    EXPECT_EQ(stream.read_some(buffer).size, 5U);
}

TEST_P(StreamOfVersion, LosesNothingAtTheEdgesOfItsOwnBuffer) {
    std::array<std::uint8_t, 16> buffer{};
    for (std::size_t size = 980; size < 1030; ++size) { // on the wire from below to above 1024
        const std::string data = pattern(size);
        server.write(data);
        EXPECT_TRUE(read(size) == data) << size;
        EXPECT_EQ(stream.read_some(buffer).status, Status::want_read) << size;
    }
}

TEST(SessionTickets, GoUnnoticed) {
    Connection connection({.server = {.tickets = 2}});
    ASSERT_FALSE(connection.handshake());
    connection.run(connection.readable());
    std::array<std::uint8_t, 16> buffer{};
    const auto [size, status] = connection.stream.read_some(buffer);
    EXPECT_EQ(size, 0U);
    EXPECT_EQ(status, Status::want_read);
    connection.server.write("hello");
    EXPECT_EQ(connection.read(5).data, "hello");
}

TEST(KeyUpdate, OfThePeerGoesUnnoticed) {
    for (const int type : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
        Connection connection;
        ASSERT_FALSE(connection.handshake());
        for (const std::string& data : {std::string("first"), std::string("second"), pattern(50'000)}) {
            ASSERT_EQ(SSL_key_update(connection.server.native(), type), 1);
            connection.server.write(data);
            EXPECT_TRUE(connection.read(data.size()).data == data);
            EXPECT_EQ(connection.stream.write_some(as_bytes(data)).status, Status::ok);
            EXPECT_TRUE(connection.read_at_server(data.size()) == data);
        }
    }
}

} // namespace
} // namespace tls
