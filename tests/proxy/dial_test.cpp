#include "proxy/upstream/dial.h"
#include "tests/proxy/names.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::HasSubstr;

/// 127.0.0.1 accepts, 127.0.0.2 and its neighbour refuse, 127.0.0.4 does not answer: its backlog is full.
class DialTest : public testing::Test {
protected:
    static constexpr const char* good = "127.0.0.1";
    static constexpr const char* closed = "127.0.0.2";
    static constexpr const char* also_closed = "127.0.0.3";
    static constexpr const char* silent = "127.0.0.4";

    DialTest() {
        const tcp::endpoint full(boost::asio::ip::make_address(silent), port);
        dead.open(full.protocol());
        dead.bind(full);
        dead.listen(0);
        last_place.connect(full);
    }

    /// A name whose addresses are remembered from an earlier connect.
    void remember(std::initializer_list<const char*> texts) {
        names.answer(texts);
        Lookup lookup(host, Lookup::Want::any, Dial::TimePoint(), io.get_executor(), [] {});
        while (!lookup.outcome(Dial::TimePoint())) {
            io.run_one();
        }
    }

    static Awaitable<void> run(Dial& dial, Dial::TimePoint give_up, std::optional<Result<Dial::Socket>>& result) {
        result = co_await dial.run(give_up);
    }

    Result<Dial::Socket> run(Dial& dial, Dial::TimePoint give_up = Dial::TimePoint::max()) {
        std::optional<Result<Dial::Socket>> result;
        boost::asio::co_spawn(io, run(dial, give_up, result), boost::asio::detached);
        while (!result) {
            io.run_one();
        }
        return std::move(*result);
    }

    /// Calls `function` once the next run() waits.
    void after_start(std::function<void()> function) {
        boost::asio::post(io, [this, function = std::move(function)] { boost::asio::post(io, function); });
    }

    Result<Dial::Socket> run(Dial::TimePoint give_up = Dial::TimePoint::max()) {
        Dial dial(io.get_executor(), host, port, config::LoadBalanceHosts::disable, counted, steps);
        return run(dial, give_up);
    }

    void expect_good(const Result<Dial::Socket>& socket) {
        ASSERT_TRUE(socket.has_value()) << socket.error().message;
        EXPECT_EQ(socket->remote_endpoint(), accepting.local_endpoint());
    }

    std::vector<std::string> outcomes() const {
        std::vector<std::string> list;
        std::ranges::transform(trace, std::back_inserter(list), &ConnectStep::outcome);
        return list;
    }

    std::string at(const char* address, const std::string& outcome = "") const {
        return std::string(address) + ":" + std::to_string(port) + outcome;
    }

    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
    tcp::acceptor accepting{io, {boost::asio::ip::make_address(good), 0}};
    const std::uint16_t port = accepting.local_endpoint().port();
    tcp::acceptor dead{io};
    tcp::socket last_place{io};

    test::Names names;
    std::shared_ptr<HostName> host = std::make_shared<HostName>("db", 1h, names.ask());
    Metrics metrics;
    const UpstreamMetrics counted = metrics.upstream("db");
    std::vector<ConnectStep> trace;
    ConnectSteps steps{&trace};
};

TEST_F(DialTest, TheNextAddressIsTriedIfOneRefuses) {
    names.answer({closed, good});
    expect_good(run());
    EXPECT_THAT(outcomes(),
                testing::ElementsAre(at(closed) + ", " + at(good), at(closed, ": Connection refused"), at(good)));
    EXPECT_EQ(counted.names_answered.Value(), 1);
}

TEST_F(DialTest, AnAddressThatIsSilentDoesNotStandInTheWay) {
    names.answer({silent, good});
    expect_good(run());
    EXPECT_THAT(outcomes(), testing::ElementsAre(at(silent) + ", " + at(good),
                                                 at(silent, ": no answer yet, and no longer needed"), at(good)));
}

TEST_F(DialTest, IfAllRefuseTheFailureNamesThem) {
    names.answer({closed, also_closed});
    const auto socket = run();
    ASSERT_TRUE(socket.has_error());
    EXPECT_EQ(socket.error().reason, Reason::connect);
    EXPECT_EQ(socket.error().message, "could not connect to db: Connection refused");
    EXPECT_EQ(socket.error().detail,
              "tried " + at(closed, ": Connection refused, ") + at(also_closed, ": Connection refused"));
    EXPECT_EQ(names.asked(), 1) << "the answer was new";
}

TEST_F(DialTest, RememberedAddressesThatRefuseAreLookedUpAnew) {
    remember({closed});
    names.answer({good});
    expect_good(run());
    EXPECT_EQ(counted.names_cached.Value(), 1);
    EXPECT_EQ(counted.names_answered.Value(), 1);
}

TEST_F(DialTest, RememberedAddressesThatAreSilentAreLookedUpAnew) {
    remember({silent});
    names.answer({good});
    expect_good(run());
}

TEST_F(DialTest, AnotherAnswerWithTheSameAddressIsTheEnd) {
    remember({closed});
    names.answer({closed});
    const auto socket = run();
    ASSERT_TRUE(socket.has_error());
    EXPECT_EQ(socket.error().detail, "tried " + at(closed, ": Connection refused"));
    EXPECT_EQ(names.asked(), 2);
}

TEST_F(DialTest, WhatAddressesSaidCountsMoreThanThatNoOthersAreFound) {
    remember({closed});
    names.fail(EAI_AGAIN);
    const auto socket = run();
    ASSERT_TRUE(socket.has_error());
    EXPECT_EQ(socket.error().reason, Reason::connect);
}

TEST_F(DialTest, WithoutAddressesItIsAMatterOfTheName) {
    names.fail(EAI_NONAME);
    const auto socket = run();
    ASSERT_TRUE(socket.has_error());
    EXPECT_EQ(socket.error().reason, Reason::dns);
    EXPECT_THAT(socket.error().message, HasSubstr("could not translate host name \"db\""));
    EXPECT_EQ(counted.names_failed.Value(), 1);
}

TEST_F(DialTest, AtTheEndOfItsTimeItNamesWhoWasSilent) {
    host = std::make_shared<HostName>(silent, 1h, names.ask());
    const auto socket = run(Dial::TimePoint::min());
    ASSERT_TRUE(socket.has_error());
    EXPECT_EQ(socket.error().reason, Reason::connect);
    EXPECT_EQ(socket.error().message, "could not connect to " + std::string(silent) + ": no answer");
    EXPECT_EQ(socket.error().detail, "tried " + at(silent, ": no answer"));
}

TEST_F(DialTest, AtTheEndOfItsTimeWithoutAnAnswerItIsAMatterOfTheName) {
    const auto socket = run(Dial::TimePoint::min());
    ASSERT_TRUE(socket.has_error());
    EXPECT_EQ(socket.error().reason, Reason::dns);
    names.answer({good});
}

TEST_F(DialTest, ItCanBeCancelledWhileItLooksUp) {
    Dial dial(io.get_executor(), host, port, config::LoadBalanceHosts::disable, counted, steps);
    after_start([&] { dial.cancel(); });
    EXPECT_TRUE(run(dial).has_error());
    names.answer({good});
}

TEST_F(DialTest, ItCanBeCancelledWhileItConnects) {
    host = std::make_shared<HostName>(silent, 1h, names.ask());
    Dial dial(io.get_executor(), host, port, config::LoadBalanceHosts::disable, counted, steps);
    after_start([&] {
        EXPECT_EQ(dial.unanswered(), at(silent));
        dial.cancel();
    });
    EXPECT_TRUE(run(dial).has_error());
}

TEST_F(DialTest, LoadBalancingTriesThemInAnyOrder) {
    names.answer({closed, good, also_closed});
    for (bool avoided = false; !avoided;) {
        trace.clear();
        Dial dial(io.get_executor(), host, port, config::LoadBalanceHosts::random, counted, steps);
        expect_good(run(dial));
        avoided = trace.size() == 2; // no other was tried before: seldom, but it must happen
    }
}

} // namespace
} // namespace proxy
