#include "tls/error.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pemerr.h>
#include <openssl/x509err.h>

#include <cerrno>
#include <string>

namespace tls {
namespace {

using std::string_view_literals::operator""sv;

/// Each test begins with an empty queue.
struct DrainErrorQueue : testing::Test {
    void SetUp() override { ERR_clear_error(); }
};

TEST_F(DrainErrorQueue, TellsNothingWhenThereIsNothing) {
    EXPECT_EQ(drain_error_queue(), "");
}

TEST_F(DrainErrorQueue, BeginsWithTheFirstCause) {
    ERR_raise(ERR_LIB_PEM, PEM_R_BAD_BASE64_DECODE);
    ERR_raise(ERR_LIB_X509, X509_R_NO_CERTIFICATE_FOUND);
    EXPECT_EQ(drain_error_queue(), "bad base64 decode; no certificate found");
}

TEST_F(DrainErrorQueue, LeavesTheQueueEmpty) {
    ERR_raise(ERR_LIB_PEM, PEM_R_BAD_BASE64_DECODE);
    drain_error_queue();
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(DrainErrorQueue, HasWordsForErrorsOfTheSystem) {
    ERR_raise(ERR_LIB_SYS, ENOENT);
    EXPECT_EQ(drain_error_queue(), "No such file or directory");
}

TEST_F(DrainErrorQueue, GivesTheNumberOfWhatHasNoWords) {
    const unsigned long code = ERR_PACK(ERR_LIB_USER, 0, 4242);
    ERR_raise(ERR_LIB_USER, 4242);
    EXPECT_EQ(drain_error_queue(), "error " + std::to_string(code));
}

TEST(Escape, LeavesPrintableAsciiAlone) {
    std::string printable;
    for (char c = ' '; c <= '~'; ++c) {
        printable += c;
    }
    EXPECT_EQ(escape(printable), printable);
    EXPECT_EQ(escape(""), "");
}

TEST(Escape, ShowsEveryOtherByteInHexadecimal) {
    EXPECT_EQ(escape("\0\t\n\x1b[31m\x1f\x7f"sv), R"(\x00\x09\x0a\x1b[31m\x1f\x7f)");
    EXPECT_EQ(escape("M\xc3\xbcnchen\xff\x80"), R"(M\xc3\xbcnchen\xff\x80)");
}

TEST(Shorten, LeavesWhatFits) {
    EXPECT_EQ(shorten("", 10), "");
    EXPECT_EQ(shorten("0123456789", 10), "0123456789");
    EXPECT_EQ(shorten("0123456789a", 10), "0123456…");
}

TEST(Shorten, CutsNoCharacterInTwo) {
    EXPECT_EQ(shorten("12345678901234\xe2\x82\xac!", 20), "12345678901234\xe2\x82\xac!");
    EXPECT_EQ(shorten("12345678901234\xe2\x82\xac!!!!", 20), "12345678901234\xe2\x82\xac…");
    EXPECT_EQ(shorten("123456789012345\xe2\x82\xac!!!", 20), "123456789012345…");
    EXPECT_EQ(shorten("1234567890123456\xe2\x82\xac!!", 20), "1234567890123456…");
}

TEST(Shorten, CutsNoEscapeInTwo) {
    EXPECT_EQ(shorten(R"(1234567890123456\x00\x00)", 20), "1234567890123456…");
    EXPECT_EQ(shorten(R"(12345678\W0001F4A9 and so on)", 20), "12345678…");
    EXPECT_EQ(shorten(R"(1234567\\\\\\\\\\\\\\\\)", 20), "1234567…");
    EXPECT_EQ(shorten(std::string(300, '\\'), 20), "…");
    EXPECT_EQ(shorten(std::string(300, '\x80'), 20), "…");
}

} // namespace
} // namespace tls
