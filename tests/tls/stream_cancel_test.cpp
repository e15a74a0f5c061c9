#include "tests/tls/connection.h"
#include "tls/stream.h"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <array>
#include <sys/socket.h>
#include <unistd.h>

namespace tls {
namespace {

using namespace test;

/// A connection with its handshake done.
struct StreamCancel : testing::Test {
    Connection connection;
    Stream& stream = connection.stream;
    TlsServer& server = connection.server;

    void SetUp() override { ASSERT_FALSE(connection.handshake()); }
};

TEST_F(StreamCancel, EndsTheWaitingAndNothingElse) {
    const auto received = connection.start(connection.readable());
    stream.socket().cancel();
    connection.turn();
    ASSERT_TRUE(*received);
    EXPECT_EQ(**received, boost::asio::error::operation_aborted);
    server.write("hello");
    EXPECT_EQ(connection.read(5).data, "hello");
}

TEST_F(StreamCancel, ComesWithClosingTheSocket) {
    const auto received = connection.start(connection.readable());
    stream.socket().close();
    connection.turn();
    ASSERT_TRUE(*received);
    EXPECT_EQ(**received, boost::asio::error::operation_aborted);
    EXPECT_EQ(connection.run(connection.readable()), boost::asio::error::bad_descriptor);
    EXPECT_EQ(connection.run(connection.writable()), boost::asio::error::bad_descriptor);
}

TEST_F(StreamCancel, LeavesTheNumberOfAClosedSocketToOthers) {
    std::array<int, 2> others{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, others.data()), 0);
    const int number = stream.socket().native_handle();
    stream.socket().close();
    ASSERT_EQ(dup2(others[0], number), number);
    EXPECT_EQ(stream.write_some(as_bytes("secret")).status, Stream::Status::failed);
    char byte = 0;
    EXPECT_EQ(recv(others[1], &byte, 1, MSG_DONTWAIT), -1) << "the bytes went to somebody else";
    for (const int descriptor : {others[0], others[1], number}) {
        close(descriptor);
    }
}

} // namespace
} // namespace tls
