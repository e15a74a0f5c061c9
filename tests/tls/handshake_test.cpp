#include "tests/tls/connection.h"
#include "tests/tls/files.h"
#include "tls/stream.h"

#include <gmock/gmock.h>

#include <string>

namespace tls {
namespace {

using namespace test;
using testing::HasSubstr;
using Kind = HandshakeError::Kind;

/// A server with a certificate of a CA that the client trusts.
struct Handshake : testing::Test {
    Folder folder;
    Identity root = make_ca("Test Root");
    Identity leaf = make_identity({.names = {dns("db.example.com")}}, &root);

    Scenario verifying(Verify verify, const Identity& server) const {
        Scenario scenario;
        scenario.client.verify = verify;
        scenario.client.root_cert = folder.write("roots", to_pem(root));
        scenario.identity = &server;
        return scenario;
    }
};

TEST_F(Handshake, VerifiesTheServer) {
    Connection connection(verifying(Verify::full, leaf));
    EXPECT_FALSE(connection.handshake("db.example.com"));
    EXPECT_STREQ(connection.stream.version(), "TLSv1.3");
    EXPECT_STREQ(connection.stream.cipher(), "TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(connection.stream.failure(), "");
}

TEST_F(Handshake, VerifiesAChainThroughAnIntermediate) {
    const Identity intermediate = make_ca("Test Intermediate", &root);
    const Identity server = make_identity({.names = {dns("db.example.com")}}, &intermediate);
    Scenario scenario = verifying(Verify::full, server);
    EXPECT_TRUE(Connection(scenario).handshake("db.example.com"));
    scenario.server.chain = {&intermediate};
    EXPECT_FALSE(Connection(scenario).handshake("db.example.com"));
}

TEST_F(Handshake, KeepsNothingOfTheChainButTheServersOwn) {
    const Identity intermediate = make_ca("Test Intermediate", &root);
    const Identity server = make_identity({.names = {dns("db.example.com")}}, &intermediate);
    Scenario scenario = verifying(Verify::full, server);
    scenario.server.chain = {&intermediate};
    Connection connection(scenario);
    EXPECT_FALSE(connection.handshake("db.example.com"));
    SSL* ssl = connection.stream.native();
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(ssl)), 2);
    connection.stream.forget_chain();
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(ssl)), 0);
    EXPECT_EQ(sk_X509_num(SSL_get0_verified_chain(ssl)), 0);
    EXPECT_EQ(X509_cmp(SSL_get0_peer_certificate(ssl), server.certificate.get()), 0);
    connection.server.write("hello");
    EXPECT_EQ(connection.read(5).data, "hello");
}

TEST_F(Handshake, RefusesAnotherHostIfItVerifiesInFull) {
    const auto error = Connection(verifying(Verify::full, leaf)).handshake("db.example.org");
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Kind::hostname);
    EXPECT_EQ(error->why.message, "the server's certificate is not for host \"db.example.org\"");
    EXPECT_EQ(error->why.detail, "it is for \"db.example.com\"");
    EXPECT_FALSE(Connection(verifying(Verify::chain, leaf)).handshake("db.example.org"));
}

TEST_F(Handshake, RefusesAnUnknownIssuerIfItVerifies) {
    for (const Verify verify : {Verify::chain, Verify::full}) {
        const auto error = Connection(verifying(verify, localhost())).handshake("another.example.com");
        ASSERT_TRUE(error);
        EXPECT_EQ(error->kind, Kind::certificate);
        EXPECT_EQ(error->why.message, "the server's certificate \"localhost\" is self-signed and not a trust anchor");
        EXPECT_THAT(error->why.detail, HasSubstr("\"Test Root\""));
    }
}

TEST_F(Handshake, AcceptsAnyCertificateIfItVerifiesNothing) {
    EXPECT_FALSE(Connection().handshake("another.example.com"));
}

TEST_F(Handshake, SpeaksTls12) {
    Connection connection({.server = {.max_version = TLS1_2_VERSION}});
    EXPECT_FALSE(connection.handshake());
    EXPECT_STREQ(connection.stream.version(), "TLSv1.2");
}

TEST_F(Handshake, NeedsACommonVersion) {
    Scenario scenario{.server = {.max_version = TLS1_2_VERSION}};
    scenario.client.min_version = Version::tls1_3;
    Connection connection(scenario);
    const auto error = connection.handshake();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Kind::handshake);
    EXPECT_EQ(error->why.message, "TLS handshake failed");
    EXPECT_EQ(error->why.detail, "tlsv1 alert protocol version");
    EXPECT_EQ(connection.stream.failure(), "tlsv1 alert protocol version");
}

/// The server name that the client sends; empty if it sends none.
std::string sni_for(const std::string& host, bool sni = true) {
    Connection connection;
    EXPECT_FALSE(connection.handshake(host, sni));
    const char* name = SSL_get_servername(connection.server.native(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

TEST_F(Handshake, SendsTheHostNameAsSni) {
    EXPECT_EQ(sni_for("db.example.com"), "db.example.com");
    EXPECT_EQ(sni_for("localhost"), "localhost");
}

TEST_F(Handshake, SendsNoSniIfThatIsOff) {
    EXPECT_EQ(sni_for("db.example.com", false), "");
}

TEST_F(Handshake, SendsNoAddressAsSni) {
    for (const char* host : {"", "127.0.0.1", "127.1", "::1", "2001:db8::1", "fe80::1%lo"}) {
        EXPECT_EQ(sni_for(host), "") << host;
    }
}

TEST_F(Handshake, OffersTheAlpnProtocolOfPostgresql) {
    for (const bool required : {false, true}) {
        Connection connection({.server = {.alpn = "postgresql"}});
        EXPECT_FALSE(connection.handshake("localhost", true, required));
        EXPECT_EQ(connection.server.alpn_offered(), "\x0apostgresql");
    }
}

TEST_F(Handshake, NeedsTheAlpnProtocolForDirectTlsOnly) {
    EXPECT_FALSE(Connection().handshake("localhost", true, false));
    const auto error = Connection().handshake("localhost", true, true);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Kind::handshake);
    EXPECT_EQ(error->why.message, "direct TLS without the ALPN protocol \"postgresql\"");
    EXPECT_THAT(error->why.hint, HasSubstr("sslnegotiation=postgres"));
}

TEST_F(Handshake, RefusesAnAlpnProtocolThatWasNotOffered) {
    const auto error = Connection({.server = {.alpn = "http/1.1"}}).handshake("localhost", true, true);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Kind::handshake);
}

int client_hellos_for(const char* groups) {
    Connection connection({.server = {.groups = groups}});
    EXPECT_FALSE(connection.handshake()) << groups;
    return connection.server.client_hellos();
}

TEST_F(Handshake, GuessesTheGroupThatPostgresqlWants) {
    EXPECT_EQ(client_hellos_for("P-256"), 1);
    EXPECT_EQ(client_hellos_for("X25519:P-256"), 1);
}

TEST_F(Handshake, SpeaksTheOtherGroupsAfterAHelloRetryRequest) {
    for (const char* groups : {"X25519", "P-384", "P-521"}) {
        EXPECT_EQ(client_hellos_for(groups), 2) << groups;
    }
}

TEST_F(Handshake, EndsTogetherWithTheFirstWrite) {
    Connection connection;
    EXPECT_FALSE(connection.run(connection.stream.handshake("localhost", true, false)));
    connection.server.step();
    EXPECT_FALSE(connection.server.handshake_over());
    connection.stream.write_some(as_bytes("hello"));
    EXPECT_EQ(connection.read_at_server(5), "hello");
}

TEST_F(Handshake, EndsWhenTheServerIsToSpeakFirst) {
    Connection connection;
    EXPECT_FALSE(connection.run(connection.stream.handshake("localhost", true, false)));
    const auto spoken = connection.start(connection.readable());
    while (!connection.server.handshake_over()) {
        connection.server.step();
    }
    EXPECT_FALSE(*spoken);
}

TEST_F(Handshake, IsNeverOverForAServerWithAnotherName) {
    const Identity client = make_identity({.common_names = {"alice"}});
    Scenario scenario = verifying(Verify::full, leaf);
    scenario.client.certificate = folder.write("client.crt", to_pem(client));
    scenario.client.key = folder.write("client.key", to_pem(client.key));
    scenario.server.client_certificate = true;
    Connection connection(scenario);
    EXPECT_TRUE(connection.handshake("db.example.org"));
    connection.stream.socket().close();
    connection.server.step();
    EXPECT_FALSE(connection.server.handshake_over());
    EXPECT_EQ(SSL_get0_peer_certificate(connection.server.native()), nullptr);
}

TEST_F(Handshake, TakesRecordsThatArriveByteByByte) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Connection connection({.server = {.max_version = version}});
        const auto result = connection.start(connection.stream.handshake("localhost", true, false));
        while (!*result) {
            connection.server.advance();
            connection.turn();
            for (const char byte : connection.server.take_records()) {
                connection.server.send({&byte, 1});
                connection.turn();
            }
        }
        EXPECT_FALSE(**result);
    }
}

} // namespace
} // namespace tls
