#include "protocol/frame.h"

#include <algorithm>

namespace protocol {

void FrameWalker::begin_body(std::span<const std::uint8_t, frame_header_size> header) {
    tag_ = static_cast<char>(header[0]);
    count_ += static_cast<std::uint64_t>(std::ranges::count(counted_, tag_));
    header_size_ = 0;
    const std::uint32_t length = boost::endian::load_big_u32(header.data() + 1);
    lost_ = length < min_frame_length || length > max_frame_length;
    body_left_ = lost_ ? 0 : length - min_frame_length;
}

void FrameWalker::walk(Bytes bytes) {
    while (!bytes.empty() && !lost_) {
        if (body_left_ > 0) {
            const std::size_t skip = std::min<std::size_t>(body_left_, bytes.size());
            body_left_ -= static_cast<std::uint32_t>(skip);
            bytes = bytes.subspan(skip);
            continue;
        }
        if (header_size_ == 0 && bytes.size() >= frame_header_size) { // not cut in two: nearly always
            begin_body(bytes.first<frame_header_size>());
            bytes = bytes.subspan(frame_header_size);
            continue;
        }
        const std::size_t part = std::min(frame_header_size - header_size_, bytes.size());
        std::copy_n(bytes.begin(), part, header_.begin() + header_size_);
        header_size_ = static_cast<std::uint8_t>(header_size_ + part);
        bytes = bytes.subspan(part);
        if (header_size_ == frame_header_size) {
            begin_body(header_);
        }
    }
}

void TerminateWatch::walk(Bytes bytes) {
    const std::size_t fresh = std::min(bytes.size(), tail_.size());
    std::shift_left(tail_.begin(), tail_.end(), static_cast<std::ptrdiff_t>(fresh));
    std::copy_n(bytes.end() - static_cast<std::ptrdiff_t>(fresh), fresh,
                tail_.end() - static_cast<std::ptrdiff_t>(fresh));
}

bool TerminateWatch::terminated() const {
    constexpr std::array<std::uint8_t, frame_header_size> terminate = {'X', 0, 0, 0, 4};
    return tail_ == terminate;
}

} // namespace protocol
