#include "proxy/upstream/demand.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace proxy {
namespace {

using namespace std::chrono_literals;

constexpr Demand::Time start{};

/// Arrivals at these times after the start.
Demand after(std::size_t limit, const std::vector<std::chrono::milliseconds>& arrivals) {
    Demand demand(limit);
    for (const auto time : arrivals) {
        demand.arrival(start + time);
    }
    return demand;
}

TEST(Demand, NobodyWantsNothing) {
    EXPECT_EQ(Demand(8).target(start), 0U);
}

TEST(Demand, OneAtATimeWantsOne) {
    EXPECT_EQ(after(8, {0s, 1s, 2s, 3s}).target(start + 3s), 1U);
}

TEST(Demand, IsTheLargestBurst) {
    Demand demand = after(8, {0ms, 10ms, 20ms, 5'000ms, 5'010ms, 9'000ms});
    EXPECT_EQ(demand.target(start + 9s), 3U);
}

TEST(Demand, BeginsAndEndsWithinAMoment) {
    EXPECT_EQ(after(8, {0ms, 250ms}).target(start + 1s), 2U);
    EXPECT_EQ(after(8, {0ms, 251ms}).target(start + 1s), 1U);
    EXPECT_EQ(after(8, {0ms, 200ms, 400ms, 600ms}).target(start + 1s), 2U);
}

TEST(Demand, StopsAtTheLimit) {
    EXPECT_EQ(after(2, {0ms, 1ms, 2ms, 3ms}).target(start + 4ms), 2U);
    EXPECT_EQ(after(0, {0ms, 1ms}).target(start + 4ms), 0U);
}

TEST(Demand, ForgetsTheLargerBurstFirst) {
    Demand demand = after(8, {0ms, 1ms, 2ms, 30'000ms, 30'001ms, 50'000ms});
    EXPECT_EQ(demand.target(start + 60s), 3U);
    EXPECT_EQ(demand.target(start + 61s), 2U);
    EXPECT_EQ(demand.target(start + 91s), 1U);
    EXPECT_EQ(demand.target(start + 111s), 0U);
}

TEST(Demand, IsNothingDuringAPauseAndRemembersWhatCame) {
    Demand demand = after(8, {0ms, 1ms, 2ms});
    demand.pause(start + 10s);
    EXPECT_EQ(demand.target(start + 10s), 0U);
    demand.arrival(start + 20s);
    demand.arrival(start + 20s);
    EXPECT_EQ(demand.target(start + 69s), 0U);
    EXPECT_EQ(demand.target(start + 70s), 2U);
}

/// The slow and obvious way to the same number.
std::size_t counted(const std::vector<Demand::Time>& arrivals, Demand::Time now, std::size_t limit) {
    std::size_t largest = 0;
    for (std::size_t last = 0; last < arrivals.size(); ++last) {
        std::size_t size = 0;
        for (std::size_t i = 0; i <= last; ++i) {
            size += arrivals[i] + Demand::moment >= arrivals[last] ? 1U : 0U;
        }
        largest = arrivals[last] + Demand::memory >= now ? std::max(largest, size) : largest;
    }
    return std::min(largest, limit);
}

TEST(Demand, IsWhatCountingSays) {
    std::mt19937 random(1);
    for (const std::size_t limit : {1U, 3U, 8U}) {
        Demand demand(limit);
        std::vector<Demand::Time> arrivals;
        Demand::Time now = start;
        for (int i = 0; i < 150; ++i) {
            now += std::chrono::milliseconds(static_cast<int>(random() % (random() % 10 == 0 ? 40'000 : 300)));
            demand.arrival(now);
            arrivals.push_back(now);
            ASSERT_EQ(demand.target(now), counted(arrivals, now, limit)) << "arrival " << i;
        }
    }
}

} // namespace
} // namespace proxy
