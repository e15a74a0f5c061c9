#include "tests/tls/connection.h"
#include "tests/tls/files.h"
#include "tls/stapling.h"

#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include <optional>
#include <string>

namespace tls {
namespace {

using namespace test;

/// A server under a CA, and what a responder says of it.
struct Stapling : testing::Test {
    Folder folder;
    Identity ca = make_ca("Test CA");
    Identity other_ca = make_ca("Test CA");
    Identity server = make_identity({.names = {dns("localhost")}, .serial = 7}, &ca);
    Identity neighbour = make_identity({.names = {dns("localhost")}, .serial = 8}, &ca);
    bool ask = true;

    /// What `signer` says of `subject` under `ca`, until `days` from now.
    std::string response(const Identity& subject, int status, const Identity& signer, int days = 7) const {
        const std::unique_ptr<OCSP_BASICRESP, Free<OCSP_BASICRESP_free>> basic(OCSP_BASICRESP_new());
        const std::unique_ptr<OCSP_CERTID, Free<OCSP_CERTID_free>> id(
            OCSP_cert_to_id(EVP_sha1(), subject.certificate.get(), ca.certificate.get()));
        const auto day = [](int number) {
            return std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>>(X509_gmtime_adj(nullptr, number * 24L * 3600));
        };
        const bool revoked = status == V_OCSP_CERTSTATUS_REVOKED;
        OCSP_basic_add1_status(basic.get(), id.get(), status, 0, revoked ? day(-20).get() : nullptr, day(-20).get(),
                               day(days).get());
        require(OCSP_basic_sign(basic.get(), signer.certificate.get(), signer.key.get(), EVP_sha256(), nullptr, 0) ==
                1);
        const std::unique_ptr<OCSP_RESPONSE, Free<OCSP_RESPONSE_free>> whole(
            OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
        return text_of([&](BIO* out) { return i2d_OCSP_RESPONSE_bio(out, whole.get()); });
    }

    /// The error of a handshake in which the server staples that.
    std::optional<HandshakeError> staple(const std::string& bytes, Verify verify = Verify::full) const {
        Scenario scenario{.server = {.staple = bytes}, .identity = &server};
        scenario.client.verify = verify;
        scenario.client.ocsp_stapling = ask;
        scenario.client.root_cert = folder.write("roots", to_pem(ca));
        return Connection(scenario).handshake();
    }
};

TEST_F(Stapling, IsNotNeeded) {
    EXPECT_FALSE(staple({}));
}

TEST_F(Stapling, MaySayThatAllIsGood) {
    EXPECT_FALSE(staple(response(server, V_OCSP_CERTSTATUS_GOOD, ca)));
    EXPECT_FALSE(staple(response(server, V_OCSP_CERTSTATUS_UNKNOWN, ca)));
}

TEST_F(Stapling, RefusesARevokedCertificate) {
    for (const Verify verify : {Verify::chain, Verify::full}) {
        const auto error = staple(response(server, V_OCSP_CERTSTATUS_REVOKED, ca), verify);
        ASSERT_TRUE(error);
        EXPECT_EQ(error->kind, HandshakeError::Kind::certificate);
        EXPECT_EQ(error->why.message, "the server's certificate \"localhost\" has been revoked");
    }
}

TEST_F(Stapling, RefusesARevokedCertificateHoweverOldTheNews) {
    EXPECT_TRUE(staple(response(server, V_OCSP_CERTSTATUS_REVOKED, ca, -10)));
}

TEST_F(Stapling, IsIgnoredIfItProvesNothing) {
    EXPECT_FALSE(staple("garbage"));
    EXPECT_FALSE(staple(response(server, V_OCSP_CERTSTATUS_REVOKED, other_ca))) << "of a CA that is not trusted";
    EXPECT_FALSE(staple(response(neighbour, V_OCSP_CERTSTATUS_REVOKED, ca))) << "of another certificate";
}

TEST_F(Stapling, IsIgnoredIfNothingIsVerifiedOrNobodyAsked) {
    const std::string revoked = response(server, V_OCSP_CERTSTATUS_REVOKED, ca);
    EXPECT_FALSE(staple(revoked, Verify::none));
    ask = false;
    EXPECT_FALSE(staple(revoked));
}

} // namespace
} // namespace tls
