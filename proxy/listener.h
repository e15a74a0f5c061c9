#pragma once

#include "proxy/metrics.h"
#include "proxy/upstream.h"

#include <atomic>
#include <memory>
#include <string>

namespace proxy {

/// What the sessions of one [[listener]] share.
struct Listener {
    std::string name;
    std::shared_ptr<Upstream> upstream;
    ListenerMetrics metrics;
    std::string user_suffix;
    config::Access access;
    config::Limits limits;
};

/// Counts the sessions that may go to a server. Safe to use from all threads.
class Admission {
public:
    explicit Admission(unsigned limit) : limit_(limit) {}

    /// Takes a place; false if there is none.
    bool enter() {
        if (inside_.fetch_add(1, std::memory_order_relaxed) < limit()) {
            return true;
        }
        leave();
        return false;
    }

    void leave() { inside_.fetch_sub(1, std::memory_order_relaxed); }
    unsigned limit() const { return limit_.load(std::memory_order_relaxed); }
    void set_limit(unsigned limit) { limit_.store(limit, std::memory_order_relaxed); }

private:
    std::atomic<unsigned> limit_;
    std::atomic<unsigned> inside_{0};
};

} // namespace proxy
