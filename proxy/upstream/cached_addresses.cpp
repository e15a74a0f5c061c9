#include "proxy/upstream/cached_addresses.h"

#include <utility>

namespace proxy {

const Addresses* CachedAddresses::fresh(TimePoint now) const {
    return now < fresh_until_ ? stale(now) : nullptr;
}

const Addresses* CachedAddresses::stale(TimePoint now) const {
    return !addresses_.empty() && now < stale_until_ ? &addresses_ : nullptr;
}

void CachedAddresses::answered(Addresses addresses, TimePoint now) {
    if (ttl_.count() == 0) {
        return;
    }
    addresses_ = std::move(addresses);
    fresh_until_ = now + ttl_;
    stale_until_ = now + ttl_ + max_stale;
}

void CachedAddresses::denied() {
    addresses_.clear();
}

} // namespace proxy
