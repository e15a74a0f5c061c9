#include "config/error.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;

TEST(Error, BeginsWithThePlace) {
    EXPECT_STREQ(Error("--admin", "wrong").what(), "--admin: wrong");
    EXPECT_EQ(error_of([] {
                  at("here", []() -> int { throw Error("wrong"); });
                  return 0;
              }),
              "here: wrong");
    EXPECT_EQ(at("here", [] { return 7; }), 7);
}

TEST(Error, QuotesHoldNoControlBytes) {
    EXPECT_EQ(in_quotes("a b"), "\"a b\"");
    EXPECT_EQ(in_quotes("\x1b[31m\n\x7f"), R"("\x1b[31m\x0a\x7f")");
    EXPECT_EQ(in_quotes(std::string_view("\0", 1)), R"("\x00")");
    EXPECT_EQ(in_quotes("ü"), "\"ü\"");
}

} // namespace
} // namespace config
