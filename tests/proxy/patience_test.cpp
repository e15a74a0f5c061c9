#include "proxy/patience.h"

#include <gtest/gtest.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using TimePoint = std::chrono::steady_clock::time_point;

const TimePoint now{1h};

TEST(ShareOfTime, EachHostGetsAsMuch) {
    EXPECT_EQ(share_of_time(now, now + 9s, 3), now + 3s);
    EXPECT_EQ(share_of_time(now, now + 9s, 1), now + 9s);
}

TEST(ShareOfTime, WithoutAnEndThereAreNoShares) {
    EXPECT_EQ(share_of_time(now, TimePoint::max(), 2), TimePoint::max());
}

} // namespace
} // namespace proxy
