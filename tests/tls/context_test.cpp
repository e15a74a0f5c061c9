#include "tests/tls/files.h"
#include "tests/tls/make_certificate.h"
#include "tls/context.h"

#include <gmock/gmock.h>
#include <openssl/err.h>

#include <filesystem>
#include <unistd.h>

namespace tls {
namespace {

using namespace test;
using testing::StartsWith;

ContextOptions verifying_nothing() {
    ContextOptions options;
    options.verify = Verify::none;
    return options;
}

ContextOptions trusting(const std::string& roots) {
    ContextOptions options;
    options.root_cert = roots;
    return options;
}

std::string error_for(const ContextOptions& options) {
    return error_of([&] { return Context(options); });
}

TEST(Context, VerifiesEverythingAndSpeaksTls12AndLaterByDefault) {
    EXPECT_EQ(ContextOptions().verify, Verify::full);
    const Context context(verifying_nothing());
    EXPECT_EQ(SSL_CTX_get_min_proto_version(context.native()), TLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_get_max_proto_version(context.native()), 0) << "the newest";
}

TEST(Context, SpeaksTheVersionsAskedFor) {
    const std::pair<Version, int> versions[] = {{Version::tls1_0, TLS1_VERSION},
                                                {Version::tls1_1, TLS1_1_VERSION},
                                                {Version::tls1_2, TLS1_2_VERSION},
                                                {Version::tls1_3, TLS1_3_VERSION}};
    for (const auto& [version, number] : versions) {
        ContextOptions options = verifying_nothing();
        options.min_version = version;
        options.max_version = version;
        const Context context(options);
        EXPECT_EQ(SSL_CTX_get_min_proto_version(context.native()), number);
        EXPECT_EQ(SSL_CTX_get_max_proto_version(context.native()), number);
    }
}

TEST(Context, RefusesRenegotiationAndCompression) {
    const Context context(verifying_nothing());
    const auto options = SSL_CTX_get_options(context.native());
    EXPECT_NE(options & SSL_OP_NO_RENEGOTIATION, 0U);
    EXPECT_NE(options & SSL_OP_NO_COMPRESSION, 0U);
}

TEST(Context, LoadsNoAnchorsToVerifyNothing) {
    ContextOptions options = verifying_nothing();
    options.root_cert = "/does/not/exist";
    const Context context(options);
    EXPECT_EQ(context.verify(), Verify::none);
    EXPECT_TRUE(context.trust().anchors.empty());
    EXPECT_EQ(SSL_CTX_get_verify_mode(context.native()), SSL_VERIFY_NONE);
}

TEST(Context, TrustsTheAnchorsAskedForAndNoOthers) {
    const Folder folder;
    for (const Verify verify : {Verify::chain, Verify::full}) {
        ContextOptions options = trusting(folder.write("roots", to_pem(make_ca("CA A"))));
        options.verify = verify;
        const Context context(options);
        EXPECT_EQ(context.verify(), verify);
        ASSERT_EQ(context.trust().anchors.size(), 1U);
        EXPECT_EQ(context.trust().anchors.front().name, "CA A");
        EXPECT_EQ(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context.native()))), 1);
        EXPECT_EQ(SSL_CTX_get_verify_mode(context.native()), SSL_VERIFY_PEER);
    }
}

TEST(Context, NeedsAnchorsToVerify) {
    const Folder folder;
    EXPECT_THAT(error_for(trusting(folder.path("none.crt"))), StartsWith(folder.path("none.crt") + ": "));
}

/// A trust anchor, and a revocation list beside it.
struct Revocation : testing::Test {
    Folder folder;
    Identity ca = make_ca("CA A");
    std::string list = to_pem(make_crl(ca, {7}));
    ContextOptions options = trusting(folder.write("roots", to_pem(ca)));

    void SetUp() override { ERR_clear_error(); }

    std::string error_for_list(const std::string& content) {
        options.crl_file = folder.write("crl", content);
        return error_for(options);
    }
    std::string error_for_directory(const std::string& path) {
        options.crl_directory = path;
        return error_for(options);
    }
    bool is_checked() const {
        const Context context(options);
        const X509_STORE* store = SSL_CTX_get_cert_store(context.native());
        const auto flags = X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store));
        return (flags & X509_V_FLAG_CRL_CHECK) != 0 && (flags & X509_V_FLAG_CRL_CHECK_ALL) != 0;
    }
};

TEST_F(Revocation, IsCheckedForTheWholeChainIfThereIsAList) {
    EXPECT_FALSE(is_checked());
    options.crl_file = folder.write("crl", list);
    EXPECT_TRUE(is_checked());
}

TEST_F(Revocation, IsCheckedForTheWholeChainIfThereIsADirectory) {
    options.crl_directory = folder.path();
    EXPECT_TRUE(is_checked());
}

TEST_F(Revocation, NeedsTheListThatWasAskedFor) {
    options.crl_file = folder.path("none");
    EXPECT_THAT(error_for(options),
                StartsWith(folder.path("none") + ": cannot load sslcrl: No such file or directory"));
}

TEST_F(Revocation, NeedsTheDirectoryThatWasAskedFor) {
    EXPECT_EQ(error_for_directory(folder.path("none")), folder.path("none") + ": sslcrldir is no directory");
    EXPECT_EQ(error_for_directory(options.root_cert), options.root_cert + ": sslcrldir is no directory");
}

TEST_F(Revocation, NeedsAListThatParses) {
    std::string broken = list;
    broken[broken.size() / 2] = '!';
    for (const std::string& content : {std::string(), std::string("hello\n"), broken, list + broken}) {
        EXPECT_THAT(error_for_list(content), StartsWith(folder.path("crl") + ": cannot load sslcrl: ")) << content;
    }
}

TEST_F(Revocation, NeedsAListInTheFile) {
    EXPECT_EQ(error_for_list(to_pem(ca)), folder.path("crl") + ": cannot load sslcrl: no revocation list in it");
}

} // namespace
} // namespace tls
