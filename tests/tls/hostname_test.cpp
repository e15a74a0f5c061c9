#include "tests/tls/make_certificate.h"
#include "tls/hostname.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tls {
namespace {

using namespace test;

/// Whether a certificate with these alternative names, and a common name that matches nothing, is for `host`.
bool matches(const std::vector<AlternativeName>& names, const std::string& host) {
    const Identity server = make_identity({.common_names = {"nobody.invalid"}, .names = names});
    return matches_host(server.certificate.get(), host);
}

/// Whether a certificate with these common names, the first one first, is for `host`.
bool matches_common_name(const std::vector<std::string>& common_names, const std::string& host,
                         const std::vector<AlternativeName>& names = {}) {
    const Identity server = make_identity({.common_names = common_names, .names = names});
    return matches_host(server.certificate.get(), host);
}

TEST(MatchesHost, TakesTheExactName) {
    EXPECT_TRUE(matches({dns("db.example.com")}, "db.example.com"));
    EXPECT_FALSE(matches({dns("db.example.com")}, "db2.example.com"));
    EXPECT_FALSE(matches({dns("db.example.com")}, "a.db.example.com"));
    EXPECT_FALSE(matches({dns("db.example.com")}, "example.com"));
    EXPECT_FALSE(matches({dns("db.example.com")}, "db.example.com."));
    EXPECT_FALSE(matches({dns("db.example.com.")}, "db.example.com"));
}

TEST(MatchesHost, IgnoresCase) {
    EXPECT_TRUE(matches({dns("DB.Example.COM")}, "db.eXample.com"));
    EXPECT_TRUE(matches({dns("*.Example.COM")}, "db.eXample.com"));
}

TEST(MatchesHost, TakesAWildcardForOneLabel) {
    EXPECT_TRUE(matches({dns("*.example.com")}, "db.example.com"));
    EXPECT_TRUE(matches({dns("*.example.com")}, "d.example.com"));
    EXPECT_FALSE(matches({dns("*.example.com")}, "a.db.example.com"));
    EXPECT_FALSE(matches({dns("*.example.com")}, "example.com"));
    EXPECT_FALSE(matches({dns("*.example.com")}, ".example.com"));
    EXPECT_FALSE(matches({dns("*.example.com")}, "dbexample.com"));
    EXPECT_FALSE(matches({dns("*.example.com")}, "db.example.org"));
    EXPECT_FALSE(matches({dns("*.example.com")}, "db..example.com"));
}

TEST(MatchesHost, TakesAWildcardEvenForATopLevelDomain) {
    EXPECT_TRUE(matches({dns("*.com")}, "example.com"));
    EXPECT_FALSE(matches({dns("*.com")}, "db.example.com"));
}

TEST(MatchesHost, TakesAWildcardAsTheWholeLeftMostLabelOnly) {
    EXPECT_FALSE(matches({dns("*")}, "localhost"));
    EXPECT_FALSE(matches({dns("*.")}, "localhost."));
    EXPECT_FALSE(matches({dns("*.*.example.com")}, "a.b.example.com"));
    EXPECT_FALSE(matches({dns("db*.example.com")}, "db1.example.com"));
    EXPECT_FALSE(matches({dns("*b.example.com")}, "db.example.com"));
    EXPECT_FALSE(matches({dns("db.*.com")}, "db.example.com"));
    EXPECT_FALSE(matches({dns("*")}, "db.example.com"));
}

TEST(MatchesHost, TakesAnyOfSeveralNames) {
    const std::vector names = {dns("a.example.com"), email("admin@example.com"), ip("10.0.0.1"), dns("*.example.org")};
    EXPECT_TRUE(matches(names, "a.example.com"));
    EXPECT_TRUE(matches(names, "b.example.org"));
    EXPECT_TRUE(matches(names, "10.0.0.1"));
    EXPECT_FALSE(matches(names, "b.example.com"));
    EXPECT_FALSE(matches(names, "10.0.0.2"));
    EXPECT_FALSE(matches(names, "admin@example.com"));
}

TEST(MatchesHost, TakesAddresses) {
    EXPECT_TRUE(matches({ip("192.0.2.7")}, "192.0.2.7"));
    EXPECT_FALSE(matches({ip("192.0.2.7")}, "192.0.2.8"));
    EXPECT_TRUE(matches({ip("2001:db8::1")}, "2001:db8::1"));
    EXPECT_TRUE(matches({ip("2001:db8::1")}, "2001:0DB8:0:0:0:0:0:0001"));
    EXPECT_FALSE(matches({ip("2001:db8::1")}, "2001:db8::2"));
    EXPECT_FALSE(matches({ip("127.0.0.1")}, "::ffff:127.0.0.1"));
    EXPECT_FALSE(matches({ip("127.0.0.1")}, "localhost"));
    EXPECT_FALSE(matches({ip("::")}, "db.example.com"));
}

TEST(MatchesHost, TakesTheShortFormsOfAnAddressAsLibpqDoes) {
    EXPECT_TRUE(matches({ip("127.0.0.1")}, "127.1"));
    EXPECT_TRUE(matches({ip("127.0.0.1")}, "0x7f000001"));
    EXPECT_FALSE(matches({ip("127.0.0.1")}, "127.2"));
    EXPECT_FALSE(matches_common_name({"127.1"}, "127.1", {ip("192.0.2.7")})) << "an address, so its own kind counts";
}

TEST(MatchesHost, TakesADnsNameThatLooksLikeAnAddress) {
    EXPECT_TRUE(matches({dns("192.0.2.7")}, "192.0.2.7"));
    EXPECT_TRUE(matches({dns("2001:db8::1")}, "2001:DB8::1"));
    EXPECT_FALSE(matches({dns("2001:db8::1")}, "2001:db8:0::1"));
    EXPECT_FALSE(matches({dns("192.0.2.7")}, "192.0.2.8"));
}

TEST(MatchesHost, TakesTheCommonNameWithoutAlternativeNames) {
    EXPECT_TRUE(matches_common_name({"db.example.com"}, "DB.example.com"));
    EXPECT_TRUE(matches_common_name({"*.example.com"}, "db.example.com"));
    EXPECT_TRUE(matches_common_name({"192.0.2.7"}, "192.0.2.7"));
    EXPECT_FALSE(matches_common_name({"db.example.com"}, "db.example.org"));
    EXPECT_FALSE(matches_common_name({}, "db.example.com"));
}

TEST(MatchesHost, TakesTheFirstCommonNameOnly) {
    EXPECT_TRUE(matches_common_name({"a.example.com", "b.example.com"}, "a.example.com"));
    EXPECT_FALSE(matches_common_name({"a.example.com", "b.example.com"}, "b.example.com"));
}

TEST(MatchesHost, IgnoresTheCommonNameIfThereIsANameOfTheHostsKind) {
    EXPECT_FALSE(matches_common_name({"db.example.com"}, "db.example.com", {dns("other.example.com")}));
    EXPECT_FALSE(matches_common_name({"192.0.2.7"}, "192.0.2.7", {ip("192.0.2.8")}));
    EXPECT_FALSE(matches_common_name({"2001:db8::1"}, "2001:db8::1", {ip("192.0.2.8")}));
}

TEST(MatchesHost, TakesTheCommonNameIfAllNamesAreOfAnotherKind) {
    EXPECT_TRUE(matches_common_name({"db.example.com"}, "db.example.com", {ip("192.0.2.7")}));
    EXPECT_TRUE(matches_common_name({"db.example.com"}, "db.example.com", {email("admin@example.com")}));
    EXPECT_TRUE(matches_common_name({"192.0.2.7"}, "192.0.2.7", {dns("db.example.com")}));
}

TEST(MatchesHost, RefusesNamesWithAZero) {
    EXPECT_FALSE(matches({dns("db.example.com\0.evil.org"sv)}, "db.example.com"));
    EXPECT_FALSE(matches({dns("db.example.com\0"sv)}, "db.example.com"));
    EXPECT_FALSE(matches_common_name({std::string("db.example.com\0.evil.org"sv)}, "db.example.com"));
}

TEST(MatchesHost, RefusesACertificateWithAZeroAheadOfTheMatch) {
    const auto zero = dns("evil\0.org"sv);
    EXPECT_FALSE(matches({zero, dns("db.example.com")}, "db.example.com"));
    EXPECT_FALSE(matches({zero, ip("192.0.2.7")}, "192.0.2.7"));
    EXPECT_FALSE(matches_common_name({"192.0.2.7"}, "192.0.2.7", {zero}));
    EXPECT_TRUE(matches({dns("db.example.com"), zero}, "db.example.com"));
}

TEST(MatchesHost, RefusesACertificateWithAnAddressOfNoValidLengthAheadOfTheMatch) {
    const AlternativeName five_bytes{GEN_IPADD, "\x0a\x01\x01\x01\x01"};
    EXPECT_FALSE(matches({five_bytes, dns("db.example.com")}, "db.example.com"));
    EXPECT_FALSE(matches({five_bytes, ip("192.0.2.7")}, "192.0.2.7"));
    EXPECT_TRUE(matches({dns("db.example.com"), five_bytes}, "db.example.com"));
}

TEST(MatchesHost, RefusesAnEmptyHost) {
    EXPECT_FALSE(matches({dns("")}, ""));
    EXPECT_FALSE(matches({dns("db.example.com")}, ""));
    EXPECT_FALSE(matches_common_name({""}, ""));
}

TEST(IsServerName, LeavesOutWhatLibpqTakesForAnAddress) {
    for (const char* address : {"", "127.0.0.1", "127.1", "1.2.3.4.5", "256.0.0.1", "::", "::1", "2001:DB8::1"}) {
        EXPECT_FALSE(is_server_name(address)) << address;
    }
    for (const char* name : {"localhost", "db.example.com", "1.2.3.4.example.com", "cafe"}) {
        EXPECT_TRUE(is_server_name(name)) << name;
    }
}

} // namespace
} // namespace tls
