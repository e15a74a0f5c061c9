#include "protocol/backend_key.h"
#include "tests/protocol/wire.h"

#include <gtest/gtest.h>

namespace protocol {
namespace {

using namespace wire;

/// What the watch makes of `stream` in two pieces, cut behind `cut` bytes.
BackendKeyWatch watch(const Buffer& stream, std::size_t cut) {
    BackendKeyWatch watch;
    watch.walk(Bytes(stream).first(cut));
    watch.walk(Bytes(stream).subspan(cut));
    return watch;
}

Buffer key_of(const BackendKeyWatch& watch) {
    const Bytes key = watch.key();
    return {key.begin(), key.end()};
}

TEST(BackendKeyWatch, FindsTheKeyAtEverySplit) {
    for (const std::size_t size : {4U, 32U, 256U}) { // protocol 3.0, PostgreSQL 18, longest in 3.2
        const Buffer key = join(u32(4711), Buffer(size, 0x5a));
        const Buffer stream = join(parameter_status, notice, message('K', key), ready_for_query);
        for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
            const BackendKeyWatch result = watch(stream, cut);
            EXPECT_TRUE(result.done());
            EXPECT_EQ(key_of(result), key) << cut;
        }
    }
}

TEST(BackendKeyWatch, WaitsForTheWholeKey) {
    const Buffer stream = message('K', join(u32(4711), u32(1)));
    BackendKeyWatch watch;
    watch.walk(Bytes(stream).first(stream.size() - 1));
    EXPECT_FALSE(watch.done());
    EXPECT_TRUE(watch.key().empty());
}

TEST(BackendKeyWatch, GivesUpAtTheEndOfTheLogin) {
    const Buffer impossible = message('K', Buffer(4 + max_secret_key + 1, 0));
    for (const Buffer& before : {Buffer(), parameter_status, message('K', u32(4711)), impossible}) {
        const Buffer stream = join(before, ready_for_query, message('K', join(u32(4711), u32(1))));
        for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
            const BackendKeyWatch result = watch(stream, cut);
            EXPECT_TRUE(result.done());
            EXPECT_TRUE(result.key().empty()) << cut;
        }
    }
}

TEST(BackendKeyWatch, GivesUpAtALengthThatCannotBe) {
    EXPECT_TRUE(watch(join(header('S', 3), message('K', join(u32(4711), u32(1)))), 0).key().empty());
}

TEST(KeyOfCancelRequest, IsTheKeyOfItsSession) {
    const Buffer key = join(u32(4711), u32(1));
    const Buffer request = join(u32(16), u32(80877102), key, text("behind"sv));
    const Bytes found = key_of_cancel_request(request);
    EXPECT_EQ(Buffer(found.begin(), found.end()), key);
}

} // namespace
} // namespace protocol
