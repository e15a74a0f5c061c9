#include "config/duration.h"
#include "tests/config/support.h"

namespace config {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using testing::HasSubstr;

TEST(Duration, IsAWholeNumberWithAUnit) {
    const std::pair<const char*, std::chrono::milliseconds> cases[] = {
        {"0", 0ms}, {"0s", 0ms},  {"500ms", 500ms}, {"10s", 10s},     {"2m", 2min},
        {"1h", 1h}, {"90s", 90s}, {"007s", 7s},     {"8760h", 8760h}, {"4294967295ms", 4294967295ms},
    };
    for (const auto& [text, duration] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse_duration(text), duration);
    }
}

TEST(Duration, RefusesTheRest) {
    for (const char* text : {"", "10", "s", "ms", "-1s", "+1s", "1.5s", "10 s", " 10s", "10s ", "10S", "1d", "1h30m"}) {
        SCOPED_TRACE(text);
        EXPECT_THAT(error_of([&] { return parse_duration(text); }),
                    HasSubstr("is not a duration; write a whole number with a unit, such as 500ms, 10s, 2m or 1h"));
    }
}

TEST(Duration, HasABound) {
    for (const char* text : {"8761h", "525601m", "4294967296ms", "99999999999999999999s"}) {
        SCOPED_TRACE(text);
        EXPECT_THAT(error_of([&] { return parse_duration(text); }), HasSubstr("is longer than a year (8760h)"));
    }
}

TEST(Duration, IsPrintedInTheLargestUnitWithoutAFraction) {
    const std::pair<std::chrono::milliseconds, const char*> cases[] = {
        {0ms, "0"}, {1ms, "1ms"}, {1500ms, "1500ms"}, {10s, "10s"}, {60s, "1m"}, {90s, "90s"}, {2h, "2h"},
    };
    for (const auto& [duration, text] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(to_string(duration), text);
        EXPECT_EQ(parse_duration(text), duration);
    }
}

} // namespace
} // namespace config
