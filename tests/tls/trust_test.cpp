#include "tests/tls/files.h"
#include "tests/tls/make_certificate.h"
#include "tls/trust.h"

#include <gmock/gmock.h>

#include <unistd.h>

namespace tls {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> names_of(const TrustAnchors& trust) {
    std::vector<std::string> names;
    for (const Anchor& anchor : trust.anchors) {
        names.push_back(anchor.name);
    }
    return names;
}

/// A file, named `roots`, with that content.
class RootFile : public Folder {
public:
    explicit RootFile(const std::string& content) : file_(write("roots", content)) {}

    std::vector<std::string> names() const { return names_of(load_anchors(file_)); }
    std::string error() const {
        return error_of([&] { return load_anchors(file_); });
    }
    const std::string& file() const { return file_; }

private:
    std::string file_;
};

/// The PEM of a certificate whose base64 text was changed in the middle.
std::string broken_pem(const Identity& identity) {
    std::string pem = to_pem(identity);
    pem[pem.size() / 2] = '!';
    return pem;
}

const Identity& ca_a() {
    static const Identity identity = make_ca("CA A");
    return identity;
}

const Identity& ca_b() {
    static const Identity identity = make_ca("CA B");
    return identity;
}

TEST(LoadAnchors, ReadsPem) {
    const RootFile one(to_pem(ca_a()));
    EXPECT_THAT(one.names(), ElementsAre("CA A"));
    EXPECT_EQ(load_anchors(one.file()).source, one.file());
    EXPECT_THAT(RootFile(to_pem(ca_a()) + to_pem(ca_b())).names(), ElementsAre("CA A", "CA B"));
    EXPECT_THAT(RootFile("Some words.\n" + to_pem(ca_a()) + "\n\nMore words:\n" + to_pem(ca_b()) + "the end").names(),
                ElementsAre("CA A", "CA B"));
}

TEST(LoadAnchors, ReadsPemWithLineEndsOfWindows) {
    std::string pem;
    for (const char c : to_pem(ca_a()) + to_pem(ca_b())) {
        pem += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    EXPECT_THAT(RootFile(pem).names(), ElementsAre("CA A", "CA B"));
}

TEST(LoadAnchors, ReadsDer) {
    EXPECT_THAT(RootFile(to_der(ca_a())).names(), ElementsAre("CA A"));
    EXPECT_THAT(RootFile(to_der(ca_a()) + to_der(ca_b())).names(), ElementsAre("CA A", "CA B"));
}

TEST(LoadAnchors, FoldsDuplicates) {
    EXPECT_THAT(RootFile(to_pem(ca_a()) + to_pem(ca_b()) + to_pem(ca_a())).names(), ElementsAre("CA A", "CA B"));
    EXPECT_THAT(RootFile(to_der(ca_a()) + to_der(ca_a())).names(), ElementsAre("CA A"));
}

TEST(LoadAnchors, KeepsCertificatesThatOnlyShareAName) {
    EXPECT_THAT(RootFile(to_pem(ca_a()) + to_pem(make_ca("CA A"))).names(), ElementsAre("CA A", "CA A"));
}

TEST(LoadAnchors, PassesOverKeysBesideCertificates) {
    const std::string plain = to_pem(ca_a().key);
    const std::string encrypted = to_pem(ca_a().key, "secret");
    const std::string traditional = text_of([](BIO* out) {
        return PEM_write_bio_PrivateKey_traditional(out, ca_a().key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    for (const std::string& key : {plain, encrypted, traditional}) {
        std::string bundle = key;
        bundle.append(to_pem(ca_a())).append(key).append(to_pem(ca_b()));
        EXPECT_THAT(RootFile(bundle).names(), ElementsAre("CA A", "CA B")) << key;
        EXPECT_THAT(RootFile(key).error(), HasSubstr("no certificate in it")) << key;
    }
}

TEST(LoadAnchors, KeepsTheRevocationListsBesideCertificates) {
    const RootFile file(to_pem(ca_a()) + to_pem(make_crl(ca_a(), {7})) + to_pem(ca_b()));
    EXPECT_THAT(file.names(), ElementsAre("CA A", "CA B"));
    EXPECT_EQ(load_anchors(file.file()).crls.size(), 1U);
}

TEST(LoadAnchors, RefusesABundleWithABrokenBlock) {
    const std::string good = to_pem(ca_b());
    const std::string no_base64 = broken_pem(ca_a());
    const std::string no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (const std::string& broken : {no_base64, no_certificate}) {
        const std::string between = std::string(good).append(broken).append(good);
        for (const std::string& bundle : {broken, good + broken, broken + good, between}) {
            const RootFile file(bundle);
            EXPECT_THAT(file.error(), StartsWith(file.file() + ": a PEM block does not parse: ")) << bundle;
        }
    }
}

TEST(LoadAnchors, RefusesABundleThatWasCutShort) {
    const std::string good = to_pem(ca_b());
    const std::string cut = to_pem(ca_a());
    for (const std::size_t size : {cut.size() / 2, cut.find("-----END"), cut.size() - 3}) {
        for (const std::string& before : {std::string(), good}) {
            const RootFile file(before + cut.substr(0, size));
            EXPECT_THAT(file.error(), StartsWith(file.file() + ": a PEM block does not parse: ")) << size;
        }
    }
}

TEST(LoadAnchors, RefusesABundleGluedTogetherWithoutALineEnd) {
    const std::string first = to_pem(ca_a());
    const RootFile file(first.substr(0, first.size() - 1) + to_pem(ca_b()));
    EXPECT_THAT(file.error(), StartsWith(file.file() + ": a PEM block does not parse: "));
}

TEST(LoadAnchors, RefusesWhatIsNoCertificate) {
    const std::string der = to_der(ca_a());
    for (const std::string& content : {std::string("hello\n"), std::string(3, '\0'), der.substr(0, der.size() - 1),
                                       der + "garbage", der + der.substr(0, 20)}) {
        const RootFile file(content);
        EXPECT_THAT(file.error(), StartsWith(file.file() + ": neither PEM nor DER")) << testing::PrintToString(content);
    }
}

TEST(LoadAnchors, RefusesAFileWithoutCertificates) {
    const RootFile empty("");
    EXPECT_EQ(empty.error(), empty.file() + ": no certificate in it");
    EXPECT_THAT(RootFile(to_pem(make_crl(ca_a(), {}))).error(), HasSubstr("no certificate in it"));
}

TEST(LoadAnchors, NamesTheFileThatIsMissing) {
    const Folder folder;
    EXPECT_EQ(error_of([&] { return load_anchors(folder.path("none.crt")); }),
              folder.path("none.crt") + ": cannot load sslrootcert: No such file or directory");
}

TEST(LoadAnchors, NamesTheFileThatCannotBeOpened) {
    const RootFile file(to_pem(ca_a()));
    std::filesystem::permissions(file.file(), std::filesystem::perms::none);
    const uid_t user = geteuid();
    const bool is_root = user == 0;
    ASSERT_TRUE(!is_root || seteuid(65534) == 0); // root may read everything
    const std::string error = file.error();
    ASSERT_TRUE(!is_root || seteuid(user) == 0);
    EXPECT_EQ(error, file.file() + ": cannot load sslrootcert: Permission denied");
}

TEST(LoadAnchors, NamesTheFileThatCannotBeRead) {
    // Opens, but reading the first page of the address space fails.
    EXPECT_EQ(error_of([] { return load_anchors("/proc/self/mem"); }),
              "/proc/self/mem: cannot load sslrootcert: Input/output error");
}

} // namespace
} // namespace tls
