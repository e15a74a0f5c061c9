#include "proxy/upstream/attempt_plan.h"

#include <algorithm>

namespace proxy {

void AttemptPlan::add(const Endpoints& endpoints) {
    for (const auto& endpoint : interleave(endpoints)) {
        if (std::ranges::find(endpoints_, endpoint) == endpoints_.end()) {
            endpoints_.push_back(endpoint);
        }
    }
}

std::optional<boost::asio::ip::tcp::endpoint> AttemptPlan::take(TimePoint now) {
    if (is_used_up() || now < due_) {
        return std::nullopt;
    }
    due_ = now + attempt_delay;
    return endpoints_[taken_++];
}

} // namespace proxy
