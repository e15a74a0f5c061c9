#include "tests/tls/make_certificate.h"
#include "tls/certificate.h"
#include "tls/roots/built_in_roots.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tls {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

Certificate baltimore() {
    const std::string_view pem = built_in_roots().front().pem;
    const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return Certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}

std::string common_name_of(const CertificateOptions& options) {
    return common_name(make_identity(options).certificate.get());
}

std::vector<std::string> names_of(const CertificateOptions& options) {
    return names(make_identity(options).certificate.get());
}

TEST(Certificate, TellsOfARealRoot) {
    const Certificate root = baltimore();
    EXPECT_EQ(common_name(root.get()), "Baltimore CyberTrust Root");
    EXPECT_EQ(subject(root.get()), "CN=Baltimore CyberTrust Root,OU=CyberTrust,O=Baltimore,C=IE");
    EXPECT_EQ(issuer(root.get()), subject(root.get()));
    EXPECT_EQ(fingerprint(root.get()), "16AF57A9F676B0AB126095AA5EBADEF22AB31119D644AC95CD4B93DBF3F26AEB");
    using namespace std::chrono;
    EXPECT_EQ(not_before(root.get()), sys_days(2000y / May / 12) + 18h + 46min);
    EXPECT_EQ(not_after(root.get()), sys_days(2025y / May / 12) + 23h + 59min);
    EXPECT_EQ(format_date(not_after(root.get())), "2025-05-12");
}

TEST(Certificate, TellsTheIssuerFromTheSubject) {
    const Identity ca = make_ca("Test CA");
    const Identity leaf = make_identity({.common_names = {"db"}, .organization = "Example"}, &ca);
    EXPECT_EQ(subject(leaf.certificate.get()), "CN=db,O=Example");
    EXPECT_EQ(issuer(leaf.certificate.get()), "CN=Test CA");
}

TEST(Certificate, KnowsTimesBeyond2050) {
    constexpr std::chrono::seconds fifty_years = std::chrono::years(50);
    const auto now = std::chrono::system_clock::now();
    const Identity leaf = make_identity({.not_after = fifty_years});
    const auto expected = std::chrono::floor<std::chrono::seconds>(now) + fifty_years;
    EXPECT_GE(not_after(leaf.certificate.get()), expected);
    EXPECT_LT(not_after(leaf.certificate.get()), expected + 1h);
}

TEST(Certificate, FormatsDates) {
    using namespace std::chrono;
    EXPECT_EQ(format_date(sys_days(1970y / January / 1)), "1970-01-01");
    EXPECT_EQ(format_date(sys_days(2024y / February / 29) + 23h + 59min + 59s), "2024-02-29");
    EXPECT_EQ(format_date(sys_days(9999y / December / 31)), "9999-12-31");
}

TEST(CommonName, IsTheFirst) {
    EXPECT_EQ(common_name_of({.common_names = {"first", "second"}}), "first");
}

TEST(CommonName, GivesWayToTheSubjectWhereThereIsNone) {
    EXPECT_EQ(common_name_of({.common_names = {}, .organization = "Example"}), "O=Example");
    EXPECT_EQ(common_name_of({.common_names = {}}), "");
}

bool is_printable_ascii(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

TEST(Certificate, PrintsNothingThatATerminalWouldObey) {
    const std::string evil("\x1b[31m\r\n\x7f M\xc3\xbcnchen\0x"sv);
    const Identity leaf = make_identity({.common_names = {evil}, .organization = evil});
    EXPECT_EQ(common_name(leaf.certificate.get()), R"(\x1b[31m\x0d\x0a\x7f M\xc3\xbcnchen\x00x)");
    EXPECT_TRUE(is_printable_ascii(subject(leaf.certificate.get()))) << subject(leaf.certificate.get());
    EXPECT_TRUE(is_printable_ascii(issuer(leaf.certificate.get()))) << issuer(leaf.certificate.get());
}

TEST(Certificate, PrintsASubjectThatIsNoValidUtf8) {
    const Identity leaf = make_identity({.common_names = {"db\x9b"}, .organization = "Example"});
    EXPECT_EQ(common_name(leaf.certificate.get()), R"(db\x9b)");
    EXPECT_THAT(subject(leaf.certificate.get()), HasSubstr("O=Example"));
    EXPECT_TRUE(is_printable_ascii(subject(leaf.certificate.get()))) << subject(leaf.certificate.get());
}

TEST(Certificate, CutsNamesThatNobodyCouldRead) {
    const std::string length_200(200, 'x');
    const std::string longer(201, 'x');
    const std::string cut = std::string(197, 'x') + "…";
    EXPECT_EQ(common_name_of({.common_names = {length_200}}), length_200);
    EXPECT_EQ(common_name_of({.common_names = {longer}}), cut);
    const Identity leaf = make_identity({.common_names = std::vector<std::string>(500, "0123456789")});
    EXPECT_EQ(subject(leaf.certificate.get()).size(), max_name);
    EXPECT_EQ(issuer(leaf.certificate.get()), subject(leaf.certificate.get()));
    EXPECT_THAT(names_of({.names = {dns(longer), {GEN_IPADD, longer}, dns("db")}}), ElementsAre(cut, cut, "db"));
}

TEST(Names, AreTheDnsAndAddressNames) {
    EXPECT_THAT(names_of({.names = {dns("*.example.com"), email("a@example.com"), ip("192.0.2.7"), ip("2001:db8::1"),
                                    dns("db\n\0"sv)}}),
                ElementsAre("*.example.com", "192.0.2.7", "2001:db8::1", R"(db\x0a\x00)"));
}

TEST(Names, AreTheCommonNameWithoutAny) {
    EXPECT_THAT(names_of({.common_names = {"db"}}), ElementsAre("db"));
    EXPECT_THAT(names_of({.common_names = {"db"}, .names = {email("a@example.com")}}), ElementsAre("db"));
    EXPECT_THAT(names_of({.common_names = {}, .organization = "Example"}), ElementsAre("O=Example"));
}

TEST(Names, ShowAnAddressOfNoValidLength) {
    EXPECT_THAT(names_of({.names = {{GEN_IPADD, "\x0a\x01\x01\x01\x01"}}}), ElementsAre(R"(\x0a\x01\x01\x01\x01)"));
}

} // namespace
} // namespace tls
