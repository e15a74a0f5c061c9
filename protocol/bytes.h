#pragma once

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace protocol {

using Bytes = std::span<const std::uint8_t>;

/// Reads big-endian values from a buffer. A read past the end yields zero or nothing and clears ok() for good.
class Reader {
public:
    explicit Reader(Bytes bytes) : rest_(bytes) {}

    std::uint32_t u32() {
        const Bytes field = take(sizeof(std::uint32_t));
        return field.empty() ? 0 : boost::endian::load_big_u32(field.data());
    }

    /// A string up to its terminating zero byte, which is consumed too.
    std::string_view cstring() {
        const auto end = std::find(rest_.begin(), rest_.end(), std::uint8_t{0});
        const auto length = static_cast<std::size_t>(end - rest_.begin());
        const Bytes field = take(length + 1);
        return {reinterpret_cast<const char*>(field.data()), field.empty() ? 0 : length};
    }

    bool ok() const { return ok_; }
    bool empty() const { return rest_.empty(); }

private:
    Bytes take(std::size_t size) {
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const Bytes field = rest_.first(size);
        rest_ = rest_.subspan(size);
        return field;
    }

    Bytes rest_;
    bool ok_ = true;
};

/// Builds one message: a tag, a length that finish() fills in, and a body.
class Writer {
public:
    explicit Writer(char tag) : bytes_{static_cast<std::uint8_t>(tag), 0, 0, 0, 0} {}

    Writer& byte(char value) {
        bytes_.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }

    Writer& u32(std::uint32_t value) {
        const std::uint32_t big = boost::endian::native_to_big(value);
        const auto* raw = reinterpret_cast<const std::uint8_t*>(&big);
        bytes_.insert(bytes_.end(), raw, raw + sizeof big);
        return *this;
    }

    /// The string and its terminating zero byte. Zero bytes inside would end the field early, so they are left out.
    Writer& cstring(std::string_view value) {
        const auto begin = bytes_.insert(bytes_.end(), value.begin(), value.end());
        bytes_.erase(std::remove(begin, bytes_.end(), std::uint8_t{0}), bytes_.end());
        bytes_.push_back(0);
        return *this;
    }

    /// The finished message. The length counts itself and the body, not the tag.
    std::vector<std::uint8_t> finish() && {
        boost::endian::store_big_u32(bytes_.data() + 1, static_cast<std::uint32_t>(bytes_.size() - 1));
        return std::move(bytes_);
    }

private:
    std::vector<std::uint8_t> bytes_;
};

} // namespace protocol
