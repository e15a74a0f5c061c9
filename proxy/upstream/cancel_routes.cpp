#include "proxy/upstream/cancel_routes.h"

namespace proxy {

CancelRoutes::Entry CancelRoutes::add(std::span<const std::uint8_t> key, Route route) {
    const std::lock_guard lock(mutex_);
    return {shared_from_this(), routes_.emplace(Key(key.begin(), key.end()), std::move(route))};
}

std::optional<CancelRoutes::Route> CancelRoutes::find(std::span<const std::uint8_t> key) const {
    const std::lock_guard lock(mutex_);
    const auto found = routes_.find(Key(key.begin(), key.end()));
    return found == routes_.end() ? std::nullopt : std::optional(found->second);
}

CancelRoutes::Entry::~Entry() {
    if (routes_) { // not moved from
        const std::lock_guard lock(routes_->mutex_);
        routes_->routes_.erase(place_);
    }
}

} // namespace proxy
