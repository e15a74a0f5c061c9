#include "tls/socket_bio.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace tls {
namespace {

/// A BIO over one end of a pair of sockets; the other end is the peer.
struct SocketBio : testing::Test {
    std::array<int, 2> sockets{};
    SocketIo io;
    Bio bio;

    void SetUp() override {
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()), 0);
        io.descriptor = sockets[0];
        bio = make_socket_bio(io);
        ASSERT_NE(bio, nullptr);
    }
    void TearDown() override {
        close(sockets[0]);
        close(sockets[1]);
    }

    void peer_says(std::string_view text) const {
        ASSERT_EQ(send(sockets[1], text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
    void received(std::string_view text, bool drained) {
        io.received = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
        io.drained = drained;
    }
    std::string read(std::size_t size) {
        std::string text(size, '\0');
        const int got = BIO_read(bio.get(), text.data(), static_cast<int>(size));
        return text.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    void expect_nothing_yet() {
        EXPECT_EQ(read(100), "");
        EXPECT_TRUE(BIO_should_retry(bio.get()) && BIO_should_read(bio.get()));
        EXPECT_FALSE(BIO_eof(bio.get()));
    }
};

TEST_F(SocketBio, GivesWhatWasReceivedFirst) {
    received("0123456789", false);
    peer_says("abc");
    EXPECT_EQ(read(4), "0123");
    EXPECT_EQ(read(100), "456789abc");
    expect_nothing_yet();
}

TEST_F(SocketBio, AsksNoSocketThatHasNothing) {
    received("0123", true);
    peer_says("abc");
    EXPECT_EQ(read(100), "0123");
    expect_nothing_yet();
    io.drained = false;
    EXPECT_EQ(read(100), "abc");
    EXPECT_TRUE(io.drained) << "the answer was short";
}

TEST_F(SocketBio, AsksAgainAfterAFullAnswer) {
    io.drained = false;
    peer_says("abcdef");
    EXPECT_EQ(read(3), "abc");
    EXPECT_EQ(read(3), "def");
    expect_nothing_yet();
}

TEST_F(SocketBio, GivesAllBeforeTheEnd) {
    received("0123", false);
    ASSERT_EQ(shutdown(sockets[1], SHUT_WR), 0);
    EXPECT_EQ(read(100), "0123");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(read(100), "");
        EXPECT_FALSE(BIO_should_retry(bio.get()));
        EXPECT_TRUE(BIO_eof(bio.get()));
    }
    EXPECT_EQ(io.read_error, 0);
}

TEST_F(SocketBio, WritesToThePeer) {
    EXPECT_EQ(BIO_write(bio.get(), "hello", 5), 5);
    std::array<char, 16> buffer{};
    ASSERT_EQ(recv(sockets[1], buffer.data(), buffer.size(), MSG_DONTWAIT), 5);
    EXPECT_EQ(std::string_view(buffer.data(), 5), "hello");
}

TEST_F(SocketBio, WantsToWriteWhenThePeerDoesNotRead) {
    const std::string chunk(100'000, 'x');
    while (BIO_write(bio.get(), chunk.data(), static_cast<int>(chunk.size())) > 0) {
    }
    EXPECT_TRUE(BIO_should_retry(bio.get()) && BIO_should_write(bio.get()));
    EXPECT_EQ(io.read_error, 0);
}

TEST_F(SocketBio, FailsWithoutASignalWhenThePeerIsGone) {
    close(std::exchange(sockets[1], -1));
    EXPECT_LT(BIO_write(bio.get(), "hello", 5), 0);
    EXPECT_FALSE(BIO_should_retry(bio.get()));
    EXPECT_EQ(io.write_error, EPIPE);
    EXPECT_EQ(io.read_error, 0);
}

} // namespace
} // namespace tls
