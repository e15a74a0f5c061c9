#include "tests/tls/connection.h"
#include "tests/tls/files.h"
#include "tls/stream.h"

#include <boost/asio/error.hpp>
#include <gmock/gmock.h>

#include <string>

namespace tls {
namespace {

using namespace test;
using testing::HasSubstr;
using Kind = HandshakeError::Kind;

/// The error of a handshake in which the server does `act` when the ClientHello has arrived.
template <typename Act>
HandshakeError error_when(Act act) {
    Connection connection;
    const auto result = connection.start(connection.stream.handshake("localhost", true, false));
    while (connection.server.client_hellos() == 0) {
        connection.server.advance();
    }
    act(connection);
    while (!*result) {
        connection.turn();
    }
    return (*result)->value();
}

TEST(HandshakeFailure, TellsThatTheServerHasClosed) {
    const auto error = error_when([](Connection& connection) { connection.server.finish(); });
    EXPECT_EQ(error.kind, Kind::handshake);
    EXPECT_EQ(error.why.message, "the server closed the connection during the TLS handshake");
}

TEST(HandshakeFailure, TellsThatTheServerHasClosedHalfWay) {
    const auto error = error_when([](Connection& connection) {
        const std::string flight = connection.server.take_records();
        connection.server.send(std::string_view(flight).substr(0, flight.size() / 2));
        connection.server.finish();
    });
    EXPECT_EQ(error.kind, Kind::handshake);
    EXPECT_EQ(error.why.message, "the server closed the connection during the TLS handshake");
}

TEST(HandshakeFailure, TellsThatTheServerHasReset) {
    const auto error = error_when([](Connection& connection) { connection.server.reset(); });
    EXPECT_EQ(error.kind, Kind::handshake);
    EXPECT_EQ(error.why.message, "the server closed the connection during the TLS handshake");
    EXPECT_EQ(error.why.detail, "Connection reset by peer");
}

TEST(HandshakeFailure, TellsThatTheServerSpeaksNoTls) {
    const auto error =
        error_when([](Connection& connection) { connection.server.send("HTTP/1.1 400 Bad Request\r\n"); });
    EXPECT_EQ(error.kind, Kind::handshake);
    EXPECT_EQ(error.why.message, "TLS handshake failed");
    EXPECT_EQ(error.why.detail, "wrong version number");
}

TEST(HandshakeFailure, TellsThatItWasCancelled) {
    const auto error = error_when([](Connection& connection) { connection.stream.socket().cancel(); });
    EXPECT_EQ(error.kind, Kind::cancelled);
}

TEST(HandshakeFailure, TellsThatTheSocketWasClosed) {
    const auto error = error_when([](Connection& connection) { connection.stream.socket().close(); });
    EXPECT_EQ(error.kind, Kind::cancelled);
}

/// A server that demands a certificate of the client.
Scenario demanding_a_certificate(int max_version) {
    return {.server = {.max_version = max_version, .client_certificate = true}};
}

TEST(ClientAuthentication, SendsTheCertificateAskedFor) {
    const Folder folder;
    const Identity client = make_identity({.common_names = {"alice"}});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Scenario scenario = demanding_a_certificate(version);
        scenario.client.certificate = folder.write("client.crt", to_pem(client));
        scenario.client.key = folder.write("client.key", to_pem(client.key));
        Connection connection(scenario);
        EXPECT_FALSE(connection.handshake());
        const X509* received = SSL_get0_peer_certificate(connection.server.native());
        ASSERT_NE(received, nullptr);
        EXPECT_EQ(X509_cmp(received, client.certificate.get()), 0);
    }
}

TEST(ClientAuthentication, IsStillToBeJudgedOnlyInTls13AndWhereItWasAskedFor) {
    const auto awaits_verdict = [](const Scenario& scenario) {
        Connection connection(scenario);
        connection.run(connection.stream.handshake("localhost", true, false));
        return connection.stream.awaits_verdict();
    };
    EXPECT_TRUE(awaits_verdict(demanding_a_certificate(TLS1_3_VERSION)));
    EXPECT_FALSE(awaits_verdict(demanding_a_certificate(TLS1_2_VERSION)));
    EXPECT_FALSE(awaits_verdict({}));
}

TEST(ClientAuthentication, IsMissedByTheServerDuringTheHandshakeInTls12) {
    const auto error = Connection(demanding_a_certificate(TLS1_2_VERSION)).handshake();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Kind::handshake);
    EXPECT_EQ(error->why.message, "TLS handshake failed");
    EXPECT_THAT(error->why.detail, HasSubstr("alert handshake failure"));
}

TEST(ClientAuthentication, IsMissedByTheServerAfterTheHandshakeInTls13) {
    Connection connection(demanding_a_certificate(TLS1_3_VERSION));
    EXPECT_FALSE(connection.handshake());
    EXPECT_EQ(connection.read_to_end().status, Stream::Status::failed);
    EXPECT_EQ(connection.stream.failure(), "tlsv13 alert certificate required");
}

} // namespace
} // namespace tls
