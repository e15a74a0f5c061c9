#include "proxy/report/repeats.h"

#include <gmock/gmock.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Repeats::Clock::time_point start{};

MATCHER_P2(Told, identity, times, "") {
    return arg.identity == identity && arg.times == static_cast<std::size_t>(times);
}

/// How many of `count` events at `now` get a line.
int lines(Repeats& repeats, int count, Repeats::Clock::time_point now, const std::string& identity = "dns") {
    int allowed = 0;
    for (int i = 0; i < count; ++i) {
        allowed += repeats.allows(identity, now) ? 1 : 0;
    }
    return allowed;
}

TEST(Repeats, FewEventsAreAllPrinted) {
    Repeats repeats(3, 10s);
    EXPECT_EQ(lines(repeats, 3, start), 3);
    EXPECT_THAT(repeats.take_ended(start + 1h), IsEmpty());
}

TEST(Repeats, TheRestOfAWindowIsCounted) {
    Repeats repeats(3, 10s);
    EXPECT_EQ(lines(repeats, 315, start), 3);
    EXPECT_THAT(repeats.take_ended(start + 9s), IsEmpty());
    EXPECT_THAT(repeats.take_ended(start + 10s), ElementsAre(Told("dns", 312)));
    EXPECT_THAT(repeats.take_ended(start + 1h), IsEmpty()) << "told once";
}

TEST(Repeats, IdentitiesDoNotDisturbEachOther) {
    Repeats repeats(1, 10s);
    EXPECT_EQ(lines(repeats, 5, start, "dns"), 1);
    EXPECT_EQ(lines(repeats, 2, start, "timeout"), 1);
    EXPECT_EQ(lines(repeats, 1, start, "connect"), 1);
    EXPECT_THAT(repeats.take_ended(start + 10s), ElementsAre(Told("dns", 4), Told("timeout", 1)));
}

TEST(Repeats, TheNextWindowPrintsAgain) {
    Repeats repeats(3, 10s);
    EXPECT_EQ(lines(repeats, 2, start), 2);
    EXPECT_EQ(lines(repeats, 5, start + 9s), 1);
    EXPECT_THAT(repeats.take_ended(start + 10s), ElementsAre(Told("dns", 4)));
    EXPECT_EQ(lines(repeats, 5, start + 11s), 3);
}

TEST(Repeats, AWindowWithoutRepeatsEndsByItself) {
    Repeats repeats(3, 10s);
    EXPECT_EQ(lines(repeats, 3, start), 3);
    EXPECT_EQ(lines(repeats, 3, start + 10s), 3);
    EXPECT_EQ(lines(repeats, 1, start + 19s), 0);
}

TEST(Repeats, WhatWasHeldBackIsNeverForgotten) {
    Repeats repeats(1, 10s);
    EXPECT_EQ(lines(repeats, 3, start), 1);
    EXPECT_EQ(lines(repeats, 2, start + 1h), 0) << "the window waits until it is told";
    EXPECT_THAT(repeats.take_ended(start + 1h), ElementsAre(Told("dns", 4)));
    EXPECT_EQ(lines(repeats, 2, start + 1h), 1);
    EXPECT_THAT(repeats.take_ended(Repeats::Clock::time_point::max()), ElementsAre(Told("dns", 1)));
}

TEST(Repeats, ZeroIsNoLimit) {
    Repeats repeats(0, 10s);
    EXPECT_EQ(lines(repeats, 1000, start), 1000);
    repeats.set_limit(1);
    EXPECT_EQ(lines(repeats, 1000, start), 1);
}

} // namespace
} // namespace proxy
