#include "tests/tls/connection.h"
#include "tls/stream.h"

#include <gtest/gtest.h>

#include <string>

namespace tls {
namespace {

using namespace test;
using Status = Stream::Status;

/// A client with much to say over a connection that holds little, to a server that reads when it is told to.
struct Backpressure : testing::Test {
    Connection connection{{.buffer_size = 4096}};
    Stream& stream = connection.stream;
    TlsServer& server = connection.server;
    const std::string data = pattern(2'000'000);
    std::size_t taken = 0;
    std::string arrived;

    void SetUp() override {
        ASSERT_FALSE(connection.handshake());
        ASSERT_EQ(write_rest(), Status::want_write);
        ASSERT_LT(taken, data.size());
    }

    /// Offers what was not taken yet, at another address each time.
    Status write_rest() {
        const std::string rest = data.substr(taken);
        const auto [size, status] = stream.write_some(as_bytes(rest));
        taken += size;
        return status;
    }

    /// Lets the server read until the stream can write, and writes on, to the end.
    void expect_to_arrive() {
        Status status = write_rest();
        for (; status == Status::want_write; status = write_rest()) {
            const auto writable = connection.start(connection.writable());
            while (!*writable) {
                arrived += server.read();
                connection.turn();
            }
            EXPECT_FALSE(**writable);
        }
        ASSERT_EQ(status, Status::ok);
        arrived += connection.read_at_server(data.size() - arrived.size());
        EXPECT_TRUE(arrived == data);
    }
};

TEST_F(Backpressure, LosesNothing) {
    expect_to_arrive();
}

TEST_F(Backpressure, DoesNotStopTheReader) {
    server.write("notice");
    EXPECT_EQ(connection.read(6).data, "notice");
    expect_to_arrive();
}

TEST_F(Backpressure, LetsReaderAndWriterWaitAtTheSameTime) {
    const auto readable = connection.start(connection.readable());
    const auto writable = connection.start(connection.writable());
    EXPECT_FALSE(*readable);
    while (!*writable) {
        arrived += server.read();
        connection.turn();
    }
    EXPECT_FALSE(*readable);
    server.write("notice");
    while (!*readable) {
        connection.turn();
    }
    EXPECT_EQ(connection.read(6).data, "notice");
    expect_to_arrive();
}

TEST_F(Backpressure, BearsAKeyUpdateThatAsksForAnAnswer) {
    ASSERT_EQ(SSL_key_update(server.native(), SSL_KEY_UPDATE_REQUESTED), 1);
    server.write("notice");
    EXPECT_EQ(connection.read(6).data, "notice");
    expect_to_arrive();
}

TEST_F(Backpressure, EndsInCloseNotify) {
    expect_to_arrive();
    EXPECT_EQ(stream.shutdown(), Status::ok);
    while (!server.saw_close_notify()) {
        EXPECT_EQ(server.read(), "");
    }
}

TEST(CloseNotify, IsSentWhenThereIsRoomAgain) {
    Connection connection;
    ASSERT_FALSE(connection.handshake());
    BIO* narrow = nullptr; // takes a byte at a time, in place of a socket that is full
    BIO* other_end = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&narrow, 1, &other_end, 1), 1);
    const Bio owner(other_end);
    SSL_set0_wbio(connection.stream.native(), narrow);
    EXPECT_EQ(connection.stream.shutdown(), Status::want_write);
    for (char byte = 0; BIO_read(other_end, &byte, 1) == 1;) {
        EXPECT_FALSE(connection.server.saw_close_notify());
        BIO_write(SSL_get_rbio(connection.server.native()), &byte, 1);
        connection.server.read();
        connection.stream.shutdown();
    }
    EXPECT_TRUE(connection.server.saw_close_notify());
    EXPECT_EQ(connection.stream.shutdown(), Status::ok);
    connection.server.write("the answer");
    EXPECT_EQ(connection.read(10).data, "the answer");
}

} // namespace
} // namespace tls
