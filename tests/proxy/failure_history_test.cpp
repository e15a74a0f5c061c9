#include "proxy/report/failure_history.h"

#include <gmock/gmock.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

using Entry = FailureHistory::Entry;

constexpr std::chrono::system_clock::time_point start{};

Failure failure(Reason reason, const char* message) {
    return {reason, message, {}, {}};
}

auto entry(const char* listener, const char* message, unsigned times) {
    return AllOf(Field(&Entry::listener, listener), Field(&Entry::times, times),
                 Field(&Entry::latest, Field(&Failure::message, message)));
}

TEST(FailureHistory, BeginsEmpty) {
    EXPECT_THAT(FailureHistory().entries(), IsEmpty());
}

TEST(FailureHistory, KeepsTheLatestOfEachReasonAndCounts) {
    FailureHistory history;
    history.note("main", failure(Reason::dns, "first"), start);
    history.note("main", failure(Reason::dns, "second"), start + 1s);
    EXPECT_THAT(history.entries(), ElementsAre(entry("main", "second", 2)));
    EXPECT_EQ(history.entries()[0].time, start + 1s);
}

TEST(FailureHistory, TheLatestComesFirst) {
    FailureHistory history;
    history.note("a", failure(Reason::dns, "a, dns"), start);
    history.note("b", failure(Reason::dns, "b, dns"), start + 2s);
    history.note("a", failure(Reason::timeout, "a, timeout"), start + 1s);
    EXPECT_THAT(history.entries(),
                ElementsAre(entry("b", "b, dns", 1), entry("a", "a, timeout", 1), entry("a", "a, dns", 1)));
}

} // namespace
} // namespace proxy
