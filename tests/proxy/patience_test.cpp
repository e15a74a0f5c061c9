#include "proxy/upstream/patience.h"

#include <gtest/gtest.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using TimePoint = std::chrono::steady_clock::time_point;

const TimePoint now{1h};

TEST(RetryPause, DoublesUpToASecond) {
    EXPECT_EQ(retry_pause(0, 0.0), 50ms);
    EXPECT_EQ(retry_pause(1, 0.0), 100ms);
    EXPECT_EQ(retry_pause(2, 0.0), 200ms);
    EXPECT_EQ(retry_pause(3, 0.0), 400ms);
    EXPECT_EQ(retry_pause(4, 0.0), 500ms);
    EXPECT_EQ(retry_pause(1'000'000, 0.0), 500ms);
}

TEST(RetryPause, ChanceDecidesOnUpToHalfOfIt) {
    EXPECT_EQ(retry_pause(0, 0.5), 75ms);
    EXPECT_EQ(retry_pause(9, 0.5), 750ms);
    EXPECT_EQ(retry_pause(9, 0.9999), 999ms);
}

TEST(ShareOfTime, EachHostGetsAsMuch) {
    EXPECT_EQ(share_of_time(now, now + 9s, 3), now + 3s);
    EXPECT_EQ(share_of_time(now, now + 9s, 1), now + 9s);
}

TEST(ShareOfTime, WithoutAnEndThereAreNoShares) {
    EXPECT_EQ(share_of_time(now, TimePoint::max(), 2), TimePoint::max());
}

} // namespace
} // namespace proxy
