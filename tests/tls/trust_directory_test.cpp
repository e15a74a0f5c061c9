#include "tests/tls/files.h"
#include "tests/tls/make_certificate.h"
#include "tls/trust.h"

#include <gmock/gmock.h>

#include <filesystem>

namespace tls {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

std::vector<std::string> names_of(const TrustAnchors& trust) {
    std::vector<std::string> names;
    for (const Anchor& anchor : trust.anchors) {
        names.push_back(anchor.name);
    }
    return names;
}

std::string error_for(const std::string& sslrootcert) {
    return error_of([&] { return load_anchors(sslrootcert); });
}

TEST(AnchorDirectory, HoldsFilesOfAnyNameAndForm) {
    const Folder folder;
    folder.write("a.pem", to_pem(make_ca("CA A")));
    folder.write("b.der", to_der(make_ca("CA B")));
    folder.write("bundle", to_pem(make_ca("CA C")) + to_pem(make_ca("CA D")));
    const TrustAnchors trust = load_anchors(folder.path());
    EXPECT_EQ(trust.source, folder.path());
    EXPECT_THAT(names_of(trust), UnorderedElementsAre("CA A", "CA B", "CA C", "CA D"));
}

TEST(AnchorDirectory, MayBeHashed) {
    const Folder folder;
    const Identity ca = make_ca("CA A");
    folder.write("a.pem", to_pem(ca));
    std::filesystem::create_symlink("a.pem", folder.path("2f51ab3c.0"));
    folder.write("9d66eef0.0", to_pem(make_ca("CA B")));
    EXPECT_THAT(names_of(load_anchors(folder.path())), UnorderedElementsAre("CA A", "CA B"));
}

TEST(AnchorDirectory, MayHoldFoldersAndLinksToNowhere) {
    const Folder folder;
    folder.write("a.pem", to_pem(make_ca("CA A")));
    std::filesystem::create_directory(folder.path("java"));
    for (char name = 'a'; name <= 'z'; ++name) {
        std::filesystem::create_symlink("removed.pem", folder.path(std::string(1, name)));
    }
    EXPECT_THAT(names_of(load_anchors(folder.path())), UnorderedElementsAre("CA A"));
}

TEST(AnchorDirectory, NamesTheFileThatIsNoCertificate) {
    const Folder folder;
    folder.write("a.pem", to_pem(make_ca("CA A")));
    const std::string readme = folder.write("README", "Put certificates here.\n");
    EXPECT_THAT(error_for(folder.path()), StartsWith(readme + ": neither PEM nor DER"));
}

TEST(AnchorDirectory, IsRefusedWithoutCertificates) {
    const Folder folder;
    EXPECT_EQ(error_for(folder.path()), folder.path() + ": no certificate in it");
}

TEST(SystemAnchors, AreWhereTheEnvironmentSays) {
    const Folder folder;
    const Variable file("SSL_CERT_FILE", folder.write("file.pem", to_pem(make_ca("CA A")) + to_pem(make_ca("CA B"))));
    const Variable directory("SSL_CERT_DIR", folder.path("none"));
    const TrustAnchors trust = load_anchors("system");
    EXPECT_EQ(trust.source, "system");
    EXPECT_THAT(names_of(trust), UnorderedElementsAre("CA A", "CA B"));
}

TEST(SystemAnchors, AreThoseOfTheFileAndOfTheDirectory) {
    const Folder folder;
    const Folder certificates;
    const Identity both = make_ca("CA A");
    const Variable file("SSL_CERT_FILE", folder.write("file.pem", to_pem(both)));
    const Variable directory("SSL_CERT_DIR", certificates.path());
    certificates.write("a.pem", to_pem(both));
    certificates.write("b.pem", to_pem(make_ca("CA B")));
    EXPECT_THAT(names_of(load_anchors("system")), UnorderedElementsAre("CA A", "CA B"));
}

TEST(SystemAnchors, MayBeInSeveralDirectories) {
    const Folder first;
    const Folder second;
    first.write("a.pem", to_pem(make_ca("CA A")));
    second.write("b.pem", to_pem(make_ca("CA B")));
    const Variable file("SSL_CERT_FILE", first.path("none"));
    const Variable directory("SSL_CERT_DIR", first.path() + ":" + second.path());
    EXPECT_THAT(names_of(load_anchors("system")), UnorderedElementsAre("CA A", "CA B"));
}

TEST(SystemAnchors, AreMissedWithTheWayOut) {
    const Folder folder;
    const Variable file("SSL_CERT_FILE", folder.path("none"));
    const Variable directory("SSL_CERT_DIR", folder.path());
    const std::string error = error_for("system");
    EXPECT_THAT(error, HasSubstr("no certificate in " + folder.path("none") + " or " + folder.path() + ";"));
    EXPECT_THAT(error, HasSubstr("install ca-certificates"));
}

} // namespace
} // namespace tls
