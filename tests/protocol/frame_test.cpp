#include "protocol/frame.h"
#include "tests/protocol/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace protocol {
namespace {

using namespace wire;

/// What is true of a stream after each number of its bytes, the oracle for FrameWalker.
struct Position {
    bool boundary = true;
    char tag = 0; // of the last message whose header is complete
};

struct Stream {
    Buffer bytes;
    std::vector<Position> positions = {Position{}}; // positions[n]: after n bytes

    void add(const Buffer& whole) {
        for (std::size_t size = 1; size <= whole.size(); ++size) {
            const char tag = size < 5 ? positions.back().tag : static_cast<char>(whole.front());
            positions.push_back({.boundary = size == whole.size(), .tag = tag});
        }
        bytes = join(bytes, whole);
    }
};

/// A session from AuthenticationOk on: parameters, then queries with rows, notices, errors and a COPY. Some bodies
/// hold what looks like a header, some are empty, some are long.
Stream scripted_session() {
    std::mt19937 random(20250512);
    std::uniform_int_distribution<std::size_t> row_size(0, 300);
    Stream stream;
    for (const Buffer& greeting : {ok, parameter_status, backend_key_data, ready_for_query}) {
        stream.add(greeting);
    }
    for (int query = 0; query < 12; ++query) {
        for (int row = 0; row < 10; ++row) {
            stream.add(message('D', Buffer(row_size(random), 'x')));
        }
        stream.add(message('d', join(ready_for_query, error, hex("58 00000004"))));
        for (const Buffer& end : {notice, message('c', {}), message('I', {}), error, ready_for_query}) {
            stream.add(end);
        }
    }
    return stream;
}

void expect_position(const FrameWalker& walker, const Stream& stream, std::size_t at) {
    EXPECT_EQ(walker.at_boundary(), stream.positions[at].boundary) << "after " << at << " bytes";
    EXPECT_EQ(walker.last_tag(), stream.positions[at].tag) << "after " << at << " bytes";
}

TEST(FrameWalker, StandsAtABoundaryBeforeTheFirstMessage) {
    FrameWalker walker;
    EXPECT_TRUE(walker.at_boundary());
    EXPECT_EQ(walker.last_tag(), 0);
    walker.walk({});
    EXPECT_TRUE(walker.at_boundary());
}

TEST(FrameWalker, KnowsTheBoundariesAtEverySplit) {
    const Stream stream = scripted_session();
    for_each_split(stream.bytes, [&](const std::vector<Bytes>& pieces) {
        FrameWalker walker;
        std::size_t at = 0;
        for (const Bytes piece : pieces) {
            walker.walk(piece);
            at += piece.size();
            expect_position(walker, stream, at);
        }
    });
}

TEST(FrameWalker, KnowsTheBoundariesAtRandomSplits) {
    const Stream stream = scripted_session();
    std::mt19937 random(15);
    for (const std::size_t longest : {7U, 64U, 1000U, 20'000U}) {
        std::uniform_int_distribution<std::size_t> size(0, longest);
        for (int round = 0; round < 50; ++round) {
            FrameWalker walker;
            for (std::size_t at = 0; at < stream.bytes.size();) {
                const std::size_t piece = std::min(size(random), stream.bytes.size() - at);
                walker.walk(Bytes(stream.bytes).subspan(at, piece));
                at += piece;
                expect_position(walker, stream, at);
            }
        }
    }
}

/// Moves over `count` bytes of any content.
void walk_far(FrameWalker& walker, std::size_t count) {
    static const Buffer chunk(1 << 20);
    for (; count > chunk.size(); count -= chunk.size()) {
        walker.walk(chunk);
    }
    walker.walk(Bytes(chunk).first(count));
}

TEST(FrameWalker, FollowsAMessageAsLongAsLengthsGo) {
    FrameWalker walker;
    walker.walk(header('d', 0x7fffffff));
    walk_far(walker, 0x7fffffff - 4 - 1);
    EXPECT_FALSE(walker.at_boundary());
    walk_far(walker, 1);
    EXPECT_TRUE(walker.at_boundary());
    walker.walk(ready_for_query);
    EXPECT_TRUE(walker.at_boundary());
    EXPECT_EQ(walker.last_tag(), 'Z');
}

TEST(FrameWalker, CountsWhatItIsToldAtEverySplit) {
    const Buffer stream = join(join(ready_for_query, hex("44 00000005 5a")), ready_for_query); // a row that says Z
    for_each_split(stream, [](const std::vector<Bytes>& pieces) {
        FrameWalker walker("AZ");
        for (const Bytes piece : pieces) {
            walker.walk(piece);
        }
        EXPECT_EQ(walker.count(), 2U);
    });
}

TEST(FrameWalker, TrustsNoBoundaryBehindAnImpossibleLength) {
    for (const std::uint32_t length : {0U, 1U, 3U, 0x80000000U, 0xffffffffU}) {
        FrameWalker walker;
        walker.walk(ready_for_query);
        walker.walk(header('D', length));
        EXPECT_FALSE(walker.at_boundary()) << length;
        for (int more = 0; more < 10; ++more) {
            walker.walk(ready_for_query);
            EXPECT_FALSE(walker.at_boundary()) << length;
        }
    }
}

TEST(FrameWalker, DoesNotWrapATooShortLengthAround) {
    for (const std::uint32_t length : {0U, 1U, 3U}) {
        FrameWalker walker;
        walker.walk(header('D', length));
        walk_far(walker, std::uint32_t{length - 4});
        EXPECT_FALSE(walker.at_boundary()) << length;
    }
}

bool terminated_after(const std::vector<Bytes>& pieces) {
    TerminateWatch watch;
    for (const Bytes piece : pieces) {
        watch.walk(piece);
    }
    return watch.terminated();
}

TEST(TerminateWatch, SeesATerminateAtEverySplit) {
    for (const Buffer& before : {Buffer{}, message('S', {}), message('Q', text("select 1\0"sv)), hex("58 58 000000")}) {
        const Buffer stream = join(before, hex("58 00000004"));
        for_each_split(stream, [](const std::vector<Bytes>& pieces) { EXPECT_TRUE(terminated_after(pieces)); });
    }
}

TEST(TerminateWatch, IsNotFooledAtAnySplit) {
    const std::vector<Buffer> streams = {
        {},
        hex("58"),
        hex("58 000000"),
        hex("58 00000005"),
        hex("58 00000400"),
        hex("59 00000004"),
        hex("00000004"),
        join(hex("58 00000004"), message('S', {})),
        join(hex("58 00000004"), hex("00")),
    };
    for (const Buffer& stream : streams) {
        SCOPED_TRACE(testing::PrintToString(stream));
        for_each_split(stream, [](const std::vector<Bytes>& pieces) { EXPECT_FALSE(terminated_after(pieces)); });
    }
}

TEST(TerminateWatch, WaitsForTheLastByte) {
    const Buffer terminate = hex("58 00000004");
    TerminateWatch watch;
    for (const std::uint8_t byte : terminate) {
        EXPECT_FALSE(watch.terminated());
        watch.walk({&byte, 1});
    }
    EXPECT_TRUE(watch.terminated());
    watch.walk({});
    EXPECT_TRUE(watch.terminated()) << "no bytes change nothing";
}

} // namespace
} // namespace protocol
