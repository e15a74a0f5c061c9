#include "protocol/backend_key.h"

#include <algorithm>

namespace protocol {
namespace {

constexpr std::size_t process_id_size = 4;
constexpr std::size_t cancel_request_header_size = 8;

} // namespace

void BackendKeyWatch::walk(Bytes bytes) {
    while (!bytes.empty() && !done_) {
        if (skip_ > 0) {
            const std::size_t skip = std::min<std::size_t>(skip_, bytes.size());
            skip_ -= static_cast<std::uint32_t>(skip);
            bytes = bytes.subspan(skip);
            continue;
        }
        message_.push_back(bytes.front());
        bytes = bytes.subspan(1);
        if (message_.size() < size_) {
            continue;
        }
        if (size_ == frame_header_size) {
            begin_body();
        } else {
            done_ = true;
        }
    }
}

void BackendKeyWatch::begin_body() {
    const auto tag = static_cast<char>(message_[0]);
    const std::uint32_t length = boost::endian::load_big_u32(message_.data() + 1);
    const std::uint32_t body = length - min_frame_length;
    if (tag == 'K' && body > process_id_size && body <= process_id_size + max_secret_key) {
        size_ += body;
        return;
    }
    message_.clear();
    skip_ = body;
    done_ = tag == 'Z' || length < min_frame_length;
}

Bytes BackendKeyWatch::key() const {
    return done_ && !message_.empty() ? Bytes(message_).subspan(frame_header_size) : Bytes();
}

Bytes key_of_cancel_request(Bytes bytes) {
    return bytes.first(boost::endian::load_big_u32(bytes.data())).subspan(cancel_request_header_size);
}

} // namespace protocol
