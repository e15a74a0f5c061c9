#include "tests/tls/connection.h"
#include "tls/stream.h"

#include <gmock/gmock.h>

#include <string>

namespace tls {
namespace {

using namespace test;
using testing::AnyOf;
using testing::HasSubstr;
using Status = Stream::Status;

/// A connection with its handshake done.
struct StreamEnd : testing::Test {
    Connection connection;
    Stream& stream = connection.stream;
    TlsServer& server = connection.server;

    void SetUp() override { ASSERT_FALSE(connection.handshake()); }

    Status write(std::string_view text) { return stream.write_some(as_bytes(text)).status; }

    void expect_end(const std::string& data, Status status) {
        const Received received = connection.read_to_end();
        EXPECT_EQ(received.data, data);
        EXPECT_EQ(received.status, status);
    }
};

TEST_F(StreamEnd, IsCleanAfterCloseNotify) {
    server.write("last words");
    server.close_notify();
    expect_end("last words", Status::closed);
    EXPECT_EQ(stream.failure(), "");
    expect_end("", Status::closed);
}

TEST_F(StreamEnd, LeavesTheOtherDirectionOpenAfterCloseNotify) {
    server.close_notify();
    expect_end("", Status::closed);
    EXPECT_EQ(write("still here"), Status::ok);
    EXPECT_EQ(connection.read_at_server(10), "still here");
    EXPECT_EQ(stream.shutdown(), Status::ok);
    while (!server.saw_close_notify()) {
        server.read();
    }
}

TEST_F(StreamEnd, IsCleanAfterABareFin) {
    server.write("last words");
    server.finish();
    expect_end("last words", Status::closed);
    EXPECT_EQ(stream.failure(), "connection closed by the server");
}

TEST_F(StreamEnd, IsCleanAfterABareFinThatCameWithTheData) {
    for (const std::size_t size : {1'002U, 2'000U, 100'000U}) { // the first fills the stream's own buffer exactly
        Connection fresh;
        ASSERT_FALSE(fresh.handshake());
        const std::string data = pattern(size);
        fresh.server.write(data);
        fresh.server.finish();
        const Received received = fresh.read_to_end();
        EXPECT_TRUE(received.data == data) << size;
        EXPECT_EQ(received.status, Status::closed) << size;
    }
}

TEST_F(StreamEnd, IsAFailureAfterAReset) {
    server.reset();
    expect_end("", Status::failed);
    EXPECT_EQ(stream.failure(), "Connection reset by peer");
    expect_end("", Status::failed);
}

TEST_F(StreamEnd, IsAFailureAfterAResetBehindAFullBuffer) {
    server.write(pattern(1'002)); // 1024 bytes on the wire
    connection.run(connection.readable());
    server.reset();
    expect_end(pattern(1'002), Status::failed);
    EXPECT_EQ(stream.failure(), "Connection reset by peer");
}

TEST_F(StreamEnd, IsAFailureAfterAFatalAlert) {
    const std::string_view garbage = "\x17\x03\x03\x00\x04"
                                     "abcd"sv;
    BIO_write(SSL_get_rbio(server.native()), garbage.data(), static_cast<int>(garbage.size()));
    server.read();
    expect_end("", Status::failed);
    EXPECT_THAT(stream.failure(), HasSubstr("alert"));
}

TEST_F(StreamEnd, IsAFailureAfterATamperedRecord) {
    std::string record = server.encrypt("hello");
    record.back() = static_cast<char>(record.back() ^ 1);
    server.send(record);
    expect_end("", Status::failed);
    EXPECT_EQ(stream.failure(), "decryption failed or bad record mac");
    EXPECT_EQ(write("more"), Status::failed);
    EXPECT_EQ(stream.shutdown(), Status::failed);
}

TEST_F(StreamEnd, IsAFailureAfterATamperedRecordBeforeAFin) {
    std::string record = server.encrypt(pattern(1'002)); // 1024 bytes on the wire
    record.back() = static_cast<char>(record.back() ^ 1);
    server.send(record);
    server.finish();
    expect_end("", Status::failed);
    EXPECT_EQ(stream.failure(), "decryption failed or bad record mac");
}

TEST_F(StreamEnd, OfOurSideLeavesTheOtherOpen) {
    EXPECT_EQ(write("last words"), Status::ok);
    EXPECT_EQ(stream.shutdown(), Status::ok);
    EXPECT_EQ(connection.read_at_server(10), "last words");
    while (!server.saw_close_notify()) {
        server.read();
    }
    const std::string answer = pattern(100'000);
    server.write(answer);
    EXPECT_TRUE(connection.read(answer.size()).data == answer);
    server.close_notify();
    expect_end("", Status::closed);
    EXPECT_EQ(stream.failure(), "");
}

TEST_F(StreamEnd, OfOurSideMayBeToldTwice) {
    EXPECT_EQ(stream.shutdown(), Status::ok);
    server.write("the answer");
    connection.run(connection.readable());
    EXPECT_EQ(stream.shutdown(), Status::ok);
    EXPECT_EQ(connection.read(10).data, "the answer");
}

TEST_F(StreamEnd, OfOurSideTakesNothingMore) {
    EXPECT_EQ(stream.shutdown(), Status::ok);
    EXPECT_EQ(write("more"), Status::failed);
    EXPECT_EQ(stream.failure(), "protocol is shutdown");
}

TEST_F(StreamEnd, IsSeenByTheWriter) {
    server.reset();
    while (write("x") == Status::ok) {
    }
    EXPECT_THAT(stream.failure(), AnyOf("Connection reset by peer", "Broken pipe"));
    EXPECT_EQ(write("x"), Status::failed);
    EXPECT_EQ(stream.shutdown(), Status::failed);
}

TEST_F(StreamEnd, StillBringsWhatTheServerSaidBefore) {
    EXPECT_EQ(write("copy data that the server never reads"), Status::ok);
    server.write("FATAL: terminating connection");
    server.socket().close();
    while (write("x") == Status::ok) {
    }
    EXPECT_EQ(connection.read(29).data, "FATAL: terminating connection");
}

TEST(StreamShutdown, FailsBeforeTheHandshake) {
    Connection connection;
    EXPECT_EQ(connection.stream.shutdown(), Status::failed);
}

} // namespace
} // namespace tls
