#pragma once

#include "protocol/bytes.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace protocol {

/// Tag and length of every message but the startup packets. The length counts itself, not the tag.
constexpr std::size_t frame_header_size = 5;
constexpr std::uint32_t min_frame_length = 4;
constexpr std::uint32_t max_frame_length = 0x7fffffff; // it is an Int32

/// Follows a stream of messages by their headers alone, to know when it stands between two of them.
class FrameWalker {
public:
    FrameWalker() = default;

    /// Counts the messages whose tag is one of `counted`, which must outlive it.
    explicit FrameWalker(std::string_view counted) : counted_(counted) {}

    /// Moves over the next bytes of the stream, which may begin and end anywhere.
    void walk(Bytes bytes);

    /// True between two messages, and before the first.
    bool at_boundary() const { return !lost_ && header_size_ == 0 && body_left_ == 0; }

    /// The tag of the last message whose header is complete; zero before the first.
    char last_tag() const { return tag_; }

    /// How many of the messages to be counted there were, by their headers.
    std::uint64_t count() const { return count_; }

private:
    void begin_body(std::span<const std::uint8_t, frame_header_size> header);

    std::array<std::uint8_t, frame_header_size> header_{};
    std::uint8_t header_size_ = 0;
    char tag_ = 0;
    bool lost_ = false; // a length that cannot be: there are no boundaries any more
    std::uint32_t body_left_ = 0;
    std::string_view counted_;
    std::uint64_t count_ = 0;
};

/// Whether the last bytes that a client sent were a Terminate message.
/// It does not follow the framing, so a body that ends in these bytes passes for one too.
class TerminateWatch {
public:
    void walk(Bytes bytes);
    bool terminated() const;

private:
    std::array<std::uint8_t, frame_header_size> tail_{};
};

} // namespace protocol
