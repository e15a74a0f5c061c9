#include "tests/tls/files.h"
#include "tests/tls/make_certificate.h"
#include "tls/context.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <unistd.h>

namespace tls {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A client's certificate and key in files, as sslcert and sslkey name them.
struct ClientCertificate : testing::Test {
    Folder folder;
    Identity ca = make_ca("CA A");
    Identity client = make_identity({.common_names = {"alice"}}, &ca);
    std::string certificate_file = folder.write("client.crt", to_pem(client) + to_pem(ca));
    std::string key_file = folder.write("client.key", to_pem(client.key));

    Context load(const std::string& password = {}) const {
        ContextOptions options;
        options.verify = Verify::none;
        options.certificate = certificate_file;
        options.key = key_file;
        options.key_password = password;
        return Context(options);
    }
    std::string error(const std::string& password = {}) const {
        return error_of([&] { return load(password); });
    }
    std::string error_with_mode(unsigned int mode) const {
        std::filesystem::permissions(key_file, std::filesystem::perms(mode));
        return error();
    }
    /// Gives the key to a user, if this process may.
    bool give_key_to(uid_t user) const { return chown(key_file.c_str(), user, static_cast<gid_t>(-1)) == 0; }
};

TEST_F(ClientCertificate, IsLoadedWithItsChainAndKey) {
    const Context context = load();
    EXPECT_EQ(X509_cmp(SSL_CTX_get0_certificate(context.native()), client.certificate.get()), 0);
    EXPECT_EQ(EVP_PKEY_eq(SSL_CTX_get0_privatekey(context.native()), client.key.get()), 1);
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get_extra_chain_certs(context.native(), &chain);
    ASSERT_EQ(sk_X509_num(chain), 1);
    EXPECT_EQ(X509_cmp(sk_X509_value(chain, 0), ca.certificate.get()), 0);
}

TEST_F(ClientCertificate, NeedsAKey) {
    key_file = {};
    EXPECT_EQ(error(), certificate_file + ": sslcert is nothing without an sslkey");
}

TEST_F(ClientCertificate, IsOptional) {
    certificate_file = {};
    key_file = folder.path("none.key");
    const Context context = load();
    EXPECT_EQ(SSL_CTX_get0_certificate(context.native()), nullptr);
}

TEST_F(ClientCertificate, NeedsItsFiles) {
    certificate_file = folder.path("none.crt");
    EXPECT_THAT(error(), AllOf(StartsWith(certificate_file + ": cannot load sslcert: "), HasSubstr("No such file")));
    certificate_file = folder.write("client.crt", to_pem(client));
    key_file = folder.path("none.key");
    EXPECT_EQ(error(), key_file + ": cannot read sslkey: No such file or directory");
}

TEST_F(ClientCertificate, IsRefusedIfItDoesNotParse) {
    folder.write("client.crt", "garbage");
    EXPECT_THAT(error(), StartsWith(certificate_file + ": cannot load sslcert: "));
}

TEST_F(ClientCertificate, KeyIsRefusedIfItDoesNotParse) {
    for (const char* content : {"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
        folder.write("client.key", content);
        EXPECT_THAT(error(), StartsWith(key_file + ": cannot read sslkey")) << content;
    }
}

TEST_F(ClientCertificate, KeyMustFit) {
    folder.write("client.key", to_pem(make_key()));
    EXPECT_THAT(error(), StartsWith(key_file + ": does not fit " + certificate_file + ": "));
}

TEST_F(ClientCertificate, KeyOfAnotherKindDoesNotFit) {
    folder.write("client.key", to_pem(PrivateKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))));
    EXPECT_THAT(error(), StartsWith(key_file + ": does not fit " + certificate_file + ": "));
}

TEST_F(ClientCertificate, KeyMayBeEncrypted) {
    folder.write("client.key", to_pem(client.key, "secret"));
    const Context context = load("secret");
    EXPECT_EQ(EVP_PKEY_eq(SSL_CTX_get0_privatekey(context.native()), client.key.get()), 1);
}

TEST_F(ClientCertificate, EncryptedKeyNeedsTheRightPassword) {
    folder.write("client.key", to_pem(client.key, "secret"));
    for (const std::string& password : {std::string(), std::string("wrong"), std::string(5000, 'x')}) {
        EXPECT_THAT(error(password), StartsWith(key_file + ": cannot read sslkey (is sslpassword right?)")) << password;
    }
}

TEST_F(ClientCertificate, KeyMayComeInDerAsWithLibpq) {
    folder.write("client.key", text_of([&](BIO* out) { return i2d_PrivateKey_bio(out, client.key.get()); }));
    const Context context = load();
    EXPECT_EQ(EVP_PKEY_eq(SSL_CTX_get0_privatekey(context.native()), client.key.get()), 1);
}

TEST_F(ClientCertificate, KeyMayBeReadByItsOwnerAlone) {
    if (geteuid() == 0) {
        ASSERT_TRUE(give_key_to(65534));
    }
    for (const unsigned int mode : {0600U, 0400U, 0700U}) {
        EXPECT_EQ(error_with_mode(mode), "no error") << std::oct << mode;
    }
    for (const unsigned int mode : {0640U, 0620U, 0610U, 0604U, 0602U, 0601U, 0644U, 0666U, 0777U}) {
        EXPECT_THAT(error_with_mode(mode), AllOf(StartsWith(key_file + ": "), HasSubstr("chmod 0600")))
            << std::oct << mode;
    }
}

TEST_F(ClientCertificate, KeyOfRootMayBeReadByItsGroup) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "only root can give a file to root";
    }
    for (const unsigned int mode : {0600U, 0640U, 0440U}) {
        EXPECT_EQ(error_with_mode(mode), "no error") << std::oct << mode;
    }
    for (const unsigned int mode : {0660U, 0650U, 0644U, 0642U, 0641U, 0777U}) {
        EXPECT_THAT(error_with_mode(mode), HasSubstr("0640 if root owns it")) << std::oct << mode;
    }
}

TEST_F(ClientCertificate, KeyMustBeARegularFile) {
    key_file = folder.path();
    EXPECT_THAT(error(), AllOf(StartsWith(key_file + ": "), HasSubstr("regular file")));
    key_file = "/dev/null";
    EXPECT_THAT(error(), AllOf(StartsWith(key_file + ": "), HasSubstr("regular file")));
}

} // namespace
} // namespace tls
