#pragma once

#include "proxy/upstream/endpoints.h"

#include <chrono>

namespace proxy {

/// The last good answer for a name, and how far it still counts. Knows no clock: it is told the time.
/// Source: RFC 8767, for what is done with an answer that has expired
class CachedAddresses {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// For how long an answer may be used that nobody confirms any more. Source: RFC 8767, section 5
    static constexpr std::chrono::hours max_stale{24};

    /// `ttl`: for how long an answer needs no other. Zero: nothing is kept.
    explicit CachedAddresses(std::chrono::seconds ttl) : ttl_(ttl) {}

    /// What can be used without asking, or null.
    const Addresses* fresh(TimePoint now) const;

    /// What can be used if asking fails, or null.
    const Addresses* stale(TimePoint now) const;

    void answered(Addresses addresses, TimePoint now);

    /// The name servers say that the name has no address.
    void denied();

    /// There was no answer: the last one has to do for another ttl, so that not everybody waits for the next failure.
    void failed(TimePoint now) { fresh_until_ = now + ttl_; }

    /// The addresses may be out of date: what is asked next is the name servers.
    void expire() { fresh_until_ = TimePoint::min(); }

private:
    std::chrono::seconds ttl_;
    Addresses addresses_; // empty: there is no good answer
    TimePoint fresh_until_ = TimePoint::min();
    TimePoint stale_until_ = TimePoint::min();
};

} // namespace proxy
