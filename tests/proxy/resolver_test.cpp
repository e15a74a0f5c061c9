#include "proxy/upstream/resolver.h"
#include "tests/proxy/names.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using test::addresses;
using Clock = std::chrono::steady_clock;
using Source = Lookup::Source;
using Want = Lookup::Want;

class ResolverTest : public testing::Test {
protected:
    std::shared_ptr<HostName> host_with_ttl(std::chrono::seconds ttl) {
        return std::make_shared<HostName>("db", ttl, names.ask());
    }

    std::unique_ptr<Lookup> look_up(Want want = Want::any) {
        return std::make_unique<Lookup>(host, want, Clock::now(), io.get_executor(), [this] { ++wakes; });
    }

    /// What comes of it, however long it takes.
    Result<Lookup::Found> wait_for(Lookup& lookup) {
        auto outcome = lookup.outcome(Clock::now());
        for (; !outcome; outcome = lookup.outcome(Clock::now())) {
            io.run_one();
        }
        return *outcome;
    }

    Result<Lookup::Found> resolve(Want want = Want::any) {
        const auto lookup = look_up(want);
        return wait_for(*lookup);
    }

    void expect(Source source, const Addresses& expected) {
        const auto found = resolve();
        ASSERT_TRUE(found.has_value()) << found.error().message;
        EXPECT_EQ(found->source, source);
        EXPECT_EQ(found->addresses, expected);
    }

    test::Names names;
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
    std::shared_ptr<HostName> host = host_with_ttl(1h);
    int wakes = 0;
};

TEST_F(ResolverTest, ALiteralIsNotAskedFor) {
    host = std::make_shared<HostName>("::1", 1h, names.ask());
    expect(Source::literal, addresses({"::1"}));
    EXPECT_EQ(names.asked(), 0);
}

TEST_F(ResolverTest, AnAnswerIsRemembered) {
    names.answer({"10.0.0.1", "10.0.0.2"});
    expect(Source::answer, addresses({"10.0.0.1", "10.0.0.2"}));
    expect(Source::cached, addresses({"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(names.asked(), 1);
}

TEST_F(ResolverTest, WithoutATtlEachAsks) {
    host = host_with_ttl(0s);
    names.answer({"10.0.0.1"});
    expect(Source::answer, addresses({"10.0.0.1"}));
    names.answer({"10.0.0.2"});
    expect(Source::answer, addresses({"10.0.0.2"}));
    names.fail(EAI_AGAIN);
    EXPECT_TRUE(resolve().has_error());
}

TEST_F(ResolverTest, ThoseWhoWaitShareOneAnswer) {
    host = host_with_ttl(0s);
    const auto first = look_up();
    const auto second = look_up();
    EXPECT_FALSE(first->outcome(Clock::now()));
    names.answer({"10.0.0.1"});
    EXPECT_EQ(wait_for(*first)->addresses, addresses({"10.0.0.1"}));
    EXPECT_EQ(wait_for(*second)->addresses, addresses({"10.0.0.1"}));
    EXPECT_EQ(names.asked(), 1);
}

TEST_F(ResolverTest, WhoeverWaitsCanWalkAway) {
    look_up().reset();
    const auto other = look_up();
    names.answer({"10.0.0.1"});
    wait_for(*other);
    EXPECT_EQ(wakes, 1);
}

TEST_F(ResolverTest, AFailedConnectHasItAskedAnew) {
    names.answer({"10.0.0.1"});
    resolve();
    host->expire();
    names.answer({"10.0.0.2"});
    expect(Source::answer, addresses({"10.0.0.2"}));
}

TEST_F(ResolverTest, TheLastAnswerHelpsIfThereIsNone) {
    names.answer({"10.0.0.1"});
    resolve();
    host->expire();
    names.fail(EAI_AGAIN);
    expect(Source::stale, addresses({"10.0.0.1"}));
    expect(Source::cached, addresses({"10.0.0.1"}));
    EXPECT_EQ(names.asked(), 2) << "not everybody is to wait for the next failure";
}

TEST_F(ResolverTest, TheLastAnswerHelpsIfTheNextIsSlow) {
    names.answer({"10.0.0.1"});
    resolve();
    host->expire();
    const auto lookup = look_up();
    EXPECT_FALSE(lookup->outcome(lookup->until() - 1ns));
    const auto found = lookup->outcome(lookup->until());
    ASSERT_TRUE(found && found->has_value());
    EXPECT_EQ((*found)->source, Source::stale);
    names.answer({"10.0.0.2"});
}

TEST_F(ResolverTest, WithoutALastAnswerSlowIsSlow) {
    const auto lookup = look_up();
    EXPECT_EQ(lookup->until(), Lookup::TimePoint::max());
    names.answer({"10.0.0.1"});
    EXPECT_EQ(wait_for(*lookup)->source, Source::answer);
}

TEST_F(ResolverTest, WhoWantsItAnewGetsNothingElse) {
    names.answer({"10.0.0.1"});
    resolve();
    names.fail(EAI_AGAIN);
    EXPECT_TRUE(resolve(Want::anew).has_error());
    names.answer({"10.0.0.2"});
    EXPECT_EQ(resolve(Want::anew)->addresses, addresses({"10.0.0.2"}));
    expect(Source::cached, addresses({"10.0.0.2"}));
}

TEST_F(ResolverTest, ANameThatIsGoneIsBelieved) {
    names.answer({"10.0.0.1"});
    resolve();
    host->expire();
    names.fail(EAI_NONAME);
    const auto found = resolve();
    ASSERT_TRUE(found.has_error());
    EXPECT_EQ(found.error().reason, Reason::dns);
    EXPECT_EQ(found.error().message,
              std::string("could not translate host name \"db\" to address: ") + gai_strerror(EAI_NONAME));
}

TEST(AskSystem, KnowsLocalhost) {
    const NameAnswer answer = ask_system("localhost");
    EXPECT_EQ(answer.error, 0);
    EXPECT_THAT(answer.addresses, testing::Contains(boost::asio::ip::make_address("127.0.0.1")));
}

} // namespace
} // namespace proxy
