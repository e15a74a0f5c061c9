#include "proxy/upstream/cached_addresses.h"

#include <gmock/gmock.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using testing::IsNull;
using testing::Pointee;

const CachedAddresses::TimePoint start{1h};
const Addresses old_answer = {boost::asio::ip::make_address("10.0.0.1")};
const Addresses new_answer = {boost::asio::ip::make_address("10.0.0.2")};

class CachedAddressesTest : public testing::Test {
protected:
    CachedAddresses cache{30s};
};

TEST_F(CachedAddressesTest, ItBeginsEmpty) {
    EXPECT_THAT(cache.fresh(start), IsNull());
    EXPECT_THAT(cache.stale(start), IsNull());
}

TEST_F(CachedAddressesTest, AnAnswerIsFreshForTheTtl) {
    cache.answered(old_answer, start);
    EXPECT_THAT(cache.fresh(start), Pointee(old_answer));
    EXPECT_THAT(cache.fresh(start + 30s - 1ns), Pointee(old_answer));
    EXPECT_THAT(cache.fresh(start + 30s), IsNull());
}

TEST_F(CachedAddressesTest, ThenItIsStaleForADay) {
    cache.answered(old_answer, start);
    EXPECT_THAT(cache.stale(start + 30s), Pointee(old_answer));
    EXPECT_THAT(cache.stale(start + 30s + 24h - 1ns), Pointee(old_answer));
    EXPECT_THAT(cache.stale(start + 30s + 24h), IsNull());
}

TEST_F(CachedAddressesTest, TheLastAnswerCounts) {
    cache.answered(old_answer, start);
    cache.answered(new_answer, start + 1s);
    EXPECT_THAT(cache.fresh(start + 30s), Pointee(new_answer));
}

TEST_F(CachedAddressesTest, AFailureGivesAnotherTtlButNoOtherDay) {
    cache.answered(old_answer, start);
    cache.failed(start + 1min);
    EXPECT_THAT(cache.fresh(start + 90s - 1ns), Pointee(old_answer));
    EXPECT_THAT(cache.fresh(start + 90s), IsNull());
    cache.failed(start + 24h);
    EXPECT_THAT(cache.fresh(start + 24h + 29s), Pointee(old_answer));
    EXPECT_THAT(cache.fresh(start + 24h + 30s), IsNull());
    cache.failed(start + 25h);
    EXPECT_THAT(cache.fresh(start + 25h), IsNull());
}

TEST_F(CachedAddressesTest, AFailureAloneIsNoAnswer) {
    cache.failed(start);
    EXPECT_THAT(cache.fresh(start), IsNull());
}

TEST_F(CachedAddressesTest, WhatHasExpiredStillHelpsIfAskingFails) {
    cache.answered(old_answer, start);
    cache.expire();
    EXPECT_THAT(cache.fresh(start), IsNull());
    EXPECT_THAT(cache.stale(start), Pointee(old_answer));
}

TEST_F(CachedAddressesTest, ANameThatIsGoneIsBelieved) {
    cache.answered(old_answer, start);
    cache.denied();
    EXPECT_THAT(cache.fresh(start), IsNull());
    EXPECT_THAT(cache.stale(start), IsNull());
}

TEST(CachedAddresses, WithoutATtlNothingIsKept) {
    CachedAddresses cache(0s);
    cache.answered(old_answer, start);
    EXPECT_THAT(cache.fresh(start), IsNull());
    EXPECT_THAT(cache.stale(start), IsNull());
}

} // namespace
} // namespace proxy
