#include "proxy/upstream/demand.h"

namespace proxy {

void Demand::arrival(Time now) {
    while (!arrivals_.empty() && (arrivals_.size() >= limit_ || arrivals_.front() + moment < now)) {
        arrivals_.pop_front();
    }
    if (limit_ == 0) {
        return;
    }
    arrivals_.push_back(now);
    while (!bursts_.empty() && bursts_.back().size <= arrivals_.size()) {
        bursts_.pop_back();
    }
    bursts_.push_back({now, arrivals_.size()});
}

void Demand::pause(Time now) {
    pause_end_ = now + memory;
}

std::size_t Demand::target(Time now) {
    while (!bursts_.empty() && bursts_.front().time + memory < now) {
        bursts_.pop_front();
    }
    return bursts_.empty() || now < pause_end_ ? 0 : bursts_.front().size;
}

} // namespace proxy
