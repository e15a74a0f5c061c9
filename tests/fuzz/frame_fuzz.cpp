#include "protocol/backend_key.h"
#include "protocol/frame.h"
#include "tests/fuzz/fuzz.h"

namespace {

struct Position {
    bool at_boundary = true;
    char last_tag = 0;
    bool operator==(const Position&) const = default;
};

/// The same with the whole stream in sight.
Position walk_at_once(fuzz::Bytes stream) {
    Position position;
    while (position.at_boundary && stream.size() >= protocol::frame_header_size) {
        const std::uint32_t length = boost::endian::load_big_u32(stream.data() + 1);
        const bool possible = length >= 4 && length <= protocol::max_frame_length;
        position = {possible && stream.size() > length, static_cast<char>(stream[0])};
        stream = position.at_boundary ? stream.subspan(1 + std::size_t{length}) : fuzz::Bytes();
    }
    position.at_boundary = position.at_boundary && stream.empty();
    return position;
}

Position walk_in_pieces(fuzz::Bytes stream, std::size_t size) {
    protocol::FrameWalker walker;
    fuzz::in_pieces(stream, size, [&](fuzz::Bytes piece) {
        walker.walk(piece);
        return true;
    });
    return {walker.at_boundary(), walker.last_tag()};
}

bool ends_with_terminate(fuzz::Bytes stream, std::size_t size) {
    protocol::TerminateWatch watch;
    fuzz::in_pieces(stream, size, [&](fuzz::Bytes piece) {
        watch.walk(piece);
        return true;
    });
    return watch.terminated();
}

std::vector<std::uint8_t> backend_key(fuzz::Bytes stream, std::size_t size) {
    protocol::BackendKeyWatch watch;
    fuzz::in_pieces(stream, size, [&](fuzz::Bytes piece) {
        watch.walk(piece);
        return true;
    });
    return {watch.key().begin(), watch.key().end()};
}

} // namespace

/// The first byte of the input cuts the others into pieces.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const fuzz::Bytes stream(data + 1, size - 1);
    const Position expected = walk_at_once(stream);
    constexpr std::string_view terminate{"X\0\0\0\4", 5};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{data[0]} + 1, size}) {
        fuzz::require(walk_in_pieces(stream, piece) == expected, "a boundary does not depend on the reads");
        fuzz::require(ends_with_terminate(stream, piece) == fuzz::as_text(stream).ends_with(terminate),
                      "Terminate is what the last five bytes say");
        fuzz::require(backend_key(stream, piece) == backend_key(stream, size), "a key does not depend on the reads");
    }
    return 0;
}
