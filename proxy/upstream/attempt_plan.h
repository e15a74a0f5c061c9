#pragma once

#include "proxy/upstream/endpoints.h"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace proxy {

/// In which order, and when, the addresses of one host are tried: staggered, so that one that is dead costs a moment
/// and not the whole time there is. Knows no clock: it is told the time.
/// Source: RFC 8305, section 5
class AttemptPlan {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// What an attempt is given before the next one starts beside it.
    static constexpr std::chrono::milliseconds attempt_delay{250};

    /// Appends what is not in it yet, interleaved.
    void add(const Endpoints& endpoints);

    /// The next address, if its turn has come.
    std::optional<boost::asio::ip::tcp::endpoint> take(TimePoint now);

    /// An attempt has failed: the next one need not wait.
    void hurry() { due_ = TimePoint::min(); }

    bool is_empty() const { return endpoints_.empty(); }

    /// Whether all have been taken.
    bool is_used_up() const { return taken_ == endpoints_.size(); }

    /// When the one that was taken last has had its time.
    TimePoint due() const { return due_; }

private:
    Endpoints endpoints_;
    std::size_t taken_ = 0;
    TimePoint due_ = TimePoint::min();
};

} // namespace proxy
