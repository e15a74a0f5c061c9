#include "protocol/auth_filter.h"

#include "protocol/authentication.h"

#include <algorithm>

namespace protocol {
namespace {

// An Authentication message is told apart by the code behind its header.
constexpr std::size_t authentication_header_size = frame_header_size + sizeof(std::uint32_t);

char tag_of(Bytes message) {
    return static_cast<char>(message[0]);
}

std::uint32_t length_of(Bytes message) {
    return boost::endian::load_big_u32(message.data() + 1);
}

std::uint32_t code_of(Bytes message) {
    return boost::endian::load_big_u32(message.data() + frame_header_size);
}

bool length_is_possible(Bytes message) {
    const std::size_t least = tag_of(message) == authentication_tag ? authentication_header_size - 1 : min_frame_length;
    return length_of(message) >= least && length_of(message) <= max_authentication_message;
}

} // namespace

/// How many bytes of the message in `held_` are needed for the next decision.
std::size_t AuthFilter::wanted() const {
    if (held_.size() < frame_header_size) {
        return frame_header_size;
    }
    if (tag_of(held_) != authentication_tag || !length_is_possible(held_)) {
        return frame_header_size;
    }
    if (held_.size() < authentication_header_size || code_of(held_) != authentication_sasl) {
        return authentication_header_size;
    }
    return 1 + length_of(held_);
}

AuthFilter::Progress AuthFilter::feed(Bytes input, std::vector<std::uint8_t>& output) {
    Bytes rest = input;
    while (!rest.empty()) {
        if (body_left_ > 0) {
            const std::size_t part = std::min<std::size_t>(body_left_, rest.size());
            output.insert(output.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(part));
            body_left_ -= static_cast<std::uint32_t>(part);
            rest = rest.subspan(part);
            continue;
        }
        const std::size_t part = std::min(wanted() - held_.size(), rest.size());
        held_.insert(held_.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(part));
        rest = rest.subspan(part);
        if (held_.size() < wanted()) {
            continue;
        }
        const Status status = take_held(output);
        if (status != Status::running) {
            return {status, input.size() - rest.size()};
        }
    }
    return {Status::running, input.size()};
}

/// Decides over the message whose beginning is in `held_`.
AuthFilter::Status AuthFilter::take_held(std::vector<std::uint8_t>& output) {
    if (!length_is_possible(held_)) {
        return Status::malformed;
    }
    const bool authentication = tag_of(held_) == authentication_tag;
    if (authentication && code_of(held_) == authentication_sasl) {
        return take_mechanisms(output);
    }
    const bool ok = authentication && code_of(held_) == authentication_ok;
    if (ok && 1 + length_of(held_) != authentication_header_size) {
        return Status::malformed;
    }
    tag_ = tag_of(held_);
    body_left_ = static_cast<std::uint32_t>(1 + length_of(held_) - held_.size());
    output.insert(output.end(), held_.begin(), held_.end());
    held_.clear();
    return ok ? Status::done : Status::running;
}

AuthFilter::Status AuthFilter::take_mechanisms(std::vector<std::uint8_t>& output) {
    auto mechanisms = decode_sasl_mechanisms(Bytes(held_).subspan(authentication_header_size));
    if (!mechanisms || mechanisms->empty()) {
        return Status::malformed;
    }
    std::erase_if(*mechanisms, binds_channel);
    if (mechanisms->empty()) {
        return Status::channel_binding_only;
    }
    const std::vector<std::uint8_t> message = encode_authentication_sasl(*mechanisms);
    output.insert(output.end(), message.begin(), message.end());
    tag_ = authentication_tag;
    held_.clear();
    return Status::running;
}

} // namespace protocol
