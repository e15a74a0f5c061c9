#include "tests/tls/files.h"
#include "tests/tls/make_certificate.h"
#include "tls/certificate.h"
#include "tls/context.h"
#include "tls/verification.h"

#include <gmock/gmock.h>

#include <optional>

namespace tls {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;

using Store = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
using Stack = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;

std::string date_of_start(const Identity& identity) {
    return format_date(not_before(identity.certificate.get()));
}

std::string date_of_end(const Identity& identity) {
    return format_date(not_after(identity.certificate.get()));
}

/// Verifies what a server sends against what is trusted.
struct Verification : testing::Test {
    Folder folder;
    Identity root = make_ca("Test Root");
    Identity intermediate = make_ca("Test Intermediate", &root);

    /// The rejection of the chain, the server's own certificate first; no value if it verifies.
    std::optional<Rejection> verify(const std::vector<const Identity*>& sent, const std::string& trusted,
                                    const std::string& crl = {}) const {
        ContextOptions options;
        options.root_cert = folder.write("roots", trusted);
        options.crl_file = crl.empty() ? crl : folder.write("crl", crl);
        const Context context(options);
        const Stack chain(sk_X509_new_null());
        for (const Identity* identity : sent) {
            sk_X509_push(chain.get(), identity->certificate.get());
        }
        const Store store(X509_STORE_CTX_new());
        X509_STORE_CTX_init(store.get(), SSL_CTX_get_cert_store(context.native()), sent.front()->certificate.get(),
                            chain.get());
        X509_STORE_CTX_set_default(store.get(), "ssl_server");
        if (X509_verify_cert(store.get()) == 1) {
            return std::nullopt;
        }
        return explain_chain_error(store.get(), context);
    }

    std::string anchors(const std::string& names) const {
        return "trust anchors of sslrootcert=" + folder.path("roots") + ": " + names;
    }
};

TEST_F(Verification, AcceptsAGoodChain) {
    const Identity leaf = make_identity({}, &intermediate);
    EXPECT_FALSE(verify({&leaf, &intermediate}, to_pem(root)));
}

TEST_F(Verification, NamesAnExpiredServerCertificate) {
    const Identity leaf = make_identity({.common_names = {"db"}, .not_before = -48h, .not_after = -24h}, &root);
    const auto why = verify({&leaf}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate \"db\" expired on " + date_of_end(leaf));
    EXPECT_EQ(why->detail, "at depth 0 of the chain; " + anchors("\"Test Root\""));
    EXPECT_EQ(why->hint, "Renew it on the server, unless it is this machine's clock that is wrong.");
}

TEST_F(Verification, NamesAnExpiredIntermediate) {
    const Identity expired =
        make_identity({.common_names = {"Old Intermediate"}, .ca = true, .not_before = -48h, .not_after = -24h}, &root);
    const Identity leaf = make_identity({}, &expired);
    const auto why = verify({&leaf, &expired}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the CA certificate \"Old Intermediate\" expired on " + date_of_end(expired));
    EXPECT_EQ(why->detail, "at depth 1 of the chain; " + anchors("\"Test Root\""));
}

TEST_F(Verification, NamesAnExpiredAnchorItsDateAndTheWayOut) {
    const Identity expired =
        make_identity({.common_names = {"Old Root"}, .ca = true, .not_before = -48h, .not_after = -24h});
    const Identity leaf = make_identity({}, &expired);
    const auto why = verify({&leaf}, to_pem(expired) + to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the trust anchor \"Old Root\" expired on " + date_of_end(expired));
    EXPECT_EQ(why->detail, "at depth 1 of the chain; " + anchors("\"Old Root\", \"Test Root\""));
    EXPECT_THAT(why->hint, HasSubstr("sslrootcert=azure"));
}

TEST_F(Verification, NamesACertificateThatIsNotYetValid) {
    const Identity leaf = make_identity({.common_names = {"db"}, .not_before = 48h, .not_after = 96h}, &root);
    const auto why = verify({&leaf}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate \"db\" is not valid before " + date_of_start(leaf));
}

TEST_F(Verification, NamesAnUnknownIssuer) {
    const Identity other = make_ca("Other Root");
    const Identity leaf = make_identity({.common_names = {"db"}}, &other);
    const auto why = verify({&leaf}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate \"db\" was issued by \"CN=Other Root\", which is neither sent by "
                            "the server nor a trust anchor");
    EXPECT_EQ(why->detail, "at depth 0 of the chain; " + anchors("\"Test Root\""));
}

TEST_F(Verification, NamesTheIssuerOfTheLastCertificateSent) {
    const Identity other = make_ca("Other Root");
    const Identity issuing = make_ca("Other Intermediate", &other);
    const Identity leaf = make_identity({}, &issuing);
    const auto why = verify({&leaf, &issuing}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_THAT(why->message, AllOf(HasSubstr("the CA certificate \"Other Intermediate\""),
                                    HasSubstr("issued by \"CN=Other Root\"")));
}

TEST_F(Verification, NamesAMissingIntermediate) {
    const Identity leaf = make_identity({.common_names = {"db"}}, &intermediate);
    const auto why = verify({&leaf}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_THAT(why->message, AllOf(HasSubstr("\"db\""), HasSubstr("issued by \"CN=Test Intermediate\"")));
}

TEST_F(Verification, NamesASelfSignedCertificate) {
    const Identity self_signed = make_identity({.common_names = {"db"}});
    const auto why = verify({&self_signed}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate \"db\" is self-signed and not a trust anchor");
}

TEST_F(Verification, NamesASelfSignedRootThatTheServerSends) {
    const Identity other = make_ca("Other Root");
    const Identity leaf = make_identity({}, &other);
    const auto why = verify({&leaf, &other}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the CA certificate \"Other Root\" is self-signed and not a trust anchor");
    EXPECT_THAT(why->detail, HasSubstr("at depth 1"));
}

TEST_F(Verification, AcceptsASelfSignedCertificateThatIsAnAnchor) {
    const Identity self_signed = make_identity({.common_names = {"db"}});
    EXPECT_FALSE(verify({&self_signed}, to_pem(self_signed)));
}

TEST_F(Verification, RefusesAForgedSignature) {
    const Identity impostor = make_ca("Test Root");
    const Identity leaf = make_identity({.common_names = {"db"}}, &impostor);
    const auto why = verify({&leaf}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_THAT(why->message, AllOf(HasSubstr("the server's certificate \"db\" "), HasSubstr("signature")));
}

TEST_F(Verification, RefusesAnIssuerThatIsNoCa) {
    const Identity no_ca = make_identity({.common_names = {"No CA"}}, &root);
    const Identity leaf = make_identity({}, &no_ca);
    const auto why = verify({&leaf, &no_ca}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_THAT(why->message, HasSubstr("the CA certificate \"No CA\" is refused: invalid CA certificate"));
}

TEST_F(Verification, NamesARevokedCertificate) {
    const Identity leaf = make_identity({.common_names = {"db"}, .serial = 7}, &root);
    const Identity other = make_identity({.common_names = {"db2"}, .serial = 8}, &root);
    const std::string crl = to_pem(make_crl(root, {7}));
    const auto why = verify({&leaf}, to_pem(root), crl);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate \"db\" has been revoked");
    EXPECT_FALSE(verify({&other}, to_pem(root), crl));
}

TEST_F(Verification, NamesACertificateWithoutAList) {
    const Identity leaf = make_identity({.common_names = {"db"}}, &intermediate);
    const auto why = verify({&leaf, &intermediate}, to_pem(root), to_pem(make_crl(root, {})));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate \"db\" cannot be checked for revocation: no CRL of its issuer");
}

TEST_F(Verification, ShowsNoControlByteOfTheServers) {
    const Identity leaf = make_identity({.common_names = {"db\x1b[2J\n"}});
    const auto why = verify({&leaf}, to_pem(root));
    ASSERT_TRUE(why);
    EXPECT_THAT(why->message, HasSubstr(R"("db\x1b[2J\x0a")"));
}

} // namespace
} // namespace tls
