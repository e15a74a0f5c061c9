#include "proxy/upstream/attempt_plan.h"

#include <gmock/gmock.h>

namespace proxy {
namespace {

using testing::Eq;
using testing::Optional;

const AttemptPlan::TimePoint start{std::chrono::hours(1)};

boost::asio::ip::tcp::endpoint endpoint(const char* address) {
    return {boost::asio::ip::make_address(address), 5432};
}

class AttemptPlanTest : public testing::Test {
protected:
    const boost::asio::ip::tcp::endpoint a = endpoint("10.0.0.1");
    const boost::asio::ip::tcp::endpoint b = endpoint("10.0.0.2");
    const boost::asio::ip::tcp::endpoint six = endpoint("::1");
    AttemptPlan plan;
};

TEST_F(AttemptPlanTest, TheFirstStartsAtOnceTheNextAfterTheDelay) {
    plan.add({a, b});
    EXPECT_THAT(plan.take(start), Optional(a));
    EXPECT_EQ(plan.due(), start + AttemptPlan::attempt_delay);
    EXPECT_THAT(plan.take(plan.due() - std::chrono::nanoseconds(1)), Eq(std::nullopt));
    EXPECT_THAT(plan.take(plan.due()), Optional(b));
    EXPECT_TRUE(plan.is_used_up());
}

TEST_F(AttemptPlanTest, AFailureMakesRoomForTheNext) {
    plan.add({a, b});
    EXPECT_THAT(plan.take(start), Optional(a));
    plan.hurry();
    EXPECT_THAT(plan.take(start), Optional(b));
    EXPECT_THAT(plan.take(start + std::chrono::hours(1)), Eq(std::nullopt));
}

TEST_F(AttemptPlanTest, TheHurryIsOver) {
    plan.add({a, b, six});
    plan.take(start);
    plan.hurry();
    plan.take(start);
    EXPECT_THAT(plan.take(start), Eq(std::nullopt));
}

TEST_F(AttemptPlanTest, FamiliesTakeTurns) {
    plan.add({a, b, six});
    EXPECT_THAT(plan.take(start), Optional(a));
    EXPECT_THAT(plan.take(plan.due()), Optional(six));
    EXPECT_THAT(plan.take(plan.due()), Optional(b));
}

TEST_F(AttemptPlanTest, ANewAnswerAddsWhatIsNew) {
    plan.add({a});
    plan.take(start);
    plan.add({a});
    EXPECT_TRUE(plan.is_used_up());
    plan.add({a, b});
    EXPECT_FALSE(plan.is_used_up());
    EXPECT_THAT(plan.take(plan.due()), Optional(b));
}

TEST_F(AttemptPlanTest, NothingIsUsedUp) {
    EXPECT_TRUE(plan.is_used_up());
    EXPECT_THAT(plan.take(start), Eq(std::nullopt));
}

} // namespace
} // namespace proxy
