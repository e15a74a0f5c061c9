#include "tests/tls/make_certificate.h"
#include "tls/verification.h"

#include <gtest/gtest.h>

#include <vector>

namespace tls {
namespace {

using namespace test;

TEST(CheckHost, TellsTheNameWantedAndTheNamesOffered) {
    const Identity server = make_identity({.names = {dns("a.example.com"), dns("*.b.example.com"), ip("192.0.2.7")}});
    EXPECT_FALSE(check_host(server.certificate.get(), "a.example.com"));
    const auto why = check_host(server.certificate.get(), "c.example.com");
    ASSERT_TRUE(why);
    EXPECT_EQ(why->message, "the server's certificate is not for host \"c.example.com\"");
    EXPECT_EQ(why->detail, "it is for \"a.example.com\", \"*.b.example.com\", \"192.0.2.7\"");
}

TEST(CheckHost, TellsSixNamesAndHowManyMore) {
    std::vector names = {dns("1"), dns("2"), dns("3"), dns("4"), dns("5"), dns("6")};
    const auto detail = [&] { return check_host(make_identity({.names = names}).certificate.get(), "x")->detail; };
    EXPECT_EQ(detail(), R"(it is for "1", "2", "3", "4", "5", "6")");
    names.push_back(dns("7"));
    names.push_back(dns("8"));
    EXPECT_EQ(detail(), R"(it is for "1", "2", "3", "4", "5", "6" and 2 more)");
}

} // namespace
} // namespace tls
