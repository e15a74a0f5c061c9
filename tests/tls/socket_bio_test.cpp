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
    std::string peer_hears() const {
        std::string text(1'000'000, '\0');
        const ssize_t got = recv(sockets[1], text.data(), text.size(), MSG_DONTWAIT);
        return text.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    void write(std::string_view text) {
        ASSERT_EQ(BIO_write(bio.get(), text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
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

TEST_F(SocketBio, AsksNoSocketThatHasNothing) {
    peer_says("abc");
    EXPECT_TRUE(io.nothing_to_read());
    expect_nothing_yet();
    io.drained = false;
    EXPECT_EQ(read(100), "abc");
    EXPECT_TRUE(io.drained) << "the answer was short";
    peer_says("def");
    expect_nothing_yet();
}

TEST_F(SocketBio, ReadsNoMoreThanIsAllowed) {
    io.drained = false;
    io.allowance = 4;
    peer_says("abcdefgh");
    EXPECT_EQ(read(3), "abc");
    EXPECT_EQ(read(3), "def") << "the last one may go over";
    EXPECT_EQ(read(3), "");
    EXPECT_FALSE(io.drained);
    io.allowance = 1;
    EXPECT_EQ(read(3), "gh");
}

TEST_F(SocketBio, AsksAgainAfterAFullAnswer) {
    io.drained = false;
    peer_says("abcdef");
    EXPECT_EQ(read(3), "abc");
    EXPECT_EQ(read(3), "def");
    expect_nothing_yet();
}

TEST_F(SocketBio, GivesAllBeforeTheEnd) {
    peer_says("0123");
    io.drained = false;
    ASSERT_EQ(shutdown(sockets[1], SHUT_WR), 0);
    EXPECT_EQ(read(4), "0123");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(read(100), "");
        EXPECT_FALSE(BIO_should_retry(bio.get()));
        EXPECT_TRUE(BIO_eof(bio.get()));
    }
    EXPECT_EQ(io.read_error, 0);
    EXPECT_FALSE(io.nothing_to_read()) << "the end is something to read";
}

TEST_F(SocketBio, SendsAllThatWasWrittenAtOnce) {
    write("hello, ");
    write("peer");
    EXPECT_EQ(peer_hears(), "");
    flush(io);
    EXPECT_EQ(peer_hears(), "hello, peer");
    flush(io);
    EXPECT_EQ(peer_hears(), "");
}

TEST_F(SocketBio, KeepsWhatThePeerDoesNotTakeInOrder) {
    std::string sent;
    for (char letter = 'a'; io.backlog.empty(); letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
        sent.append(50'000, letter);
        write(std::string(50'000, letter));
        flush(io);
    }
    sent += "the end";
    write("the end");
    flush(io);
    std::string heard;
    while (heard.size() < sent.size()) {
        const std::string part = peer_hears();
        ASSERT_FALSE(part.empty() && io.backlog.empty()) << "after " << heard.size() << " bytes";
        heard += part;
        flush(io);
    }
    EXPECT_EQ(heard, sent);
    EXPECT_EQ(io.backlog.capacity(), 0) << "a connection at rest holds no buffer";
}

TEST_F(SocketBio, WantsToWriteWhenThePeerDoesNotRead) {
    const std::string chunk(100'000, 'x');
    while (BIO_write(bio.get(), chunk.data(), static_cast<int>(chunk.size())) > 0) {
        flush(io);
    }
    EXPECT_TRUE(BIO_should_retry(bio.get()) && BIO_should_write(bio.get()));
    EXPECT_LT(io.backlog.size(), 2 * chunk.size());
    EXPECT_EQ(io.write_error, 0);
}

TEST_F(SocketBio, FailsWithoutASignalWhenThePeerIsGone) {
    close(std::exchange(sockets[1], -1));
    write("hello");
    flush(io);
    EXPECT_EQ(io.write_error, EPIPE);
    EXPECT_EQ(io.read_error, 0);
    EXPECT_TRUE(io.backlog.empty());
}

} // namespace
} // namespace tls
