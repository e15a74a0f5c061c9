#pragma once

#include "proxy/report/failure_history.h"
#include "proxy/report/metrics.h"
#include "proxy/upstream/cancel_routes.h"
#include "proxy/upstream/upstream.h"

#include <atomic>
#include <limits>
#include <memory>
#include <string>

namespace proxy {

/// Counts the sessions that may go to a server. Safe to use from all threads.
class Admission {
public:
    static constexpr unsigned unlimited = std::numeric_limits<unsigned>::max();

    /// `name`: what the limit is called in the configuration.
    Admission(std::string name, unsigned limit) : name_(std::move(name)), limit_(limit) {}

    /// Takes a place; false if there is none.
    bool enter() {
        if (inside_.fetch_add(1, std::memory_order_relaxed) < limit()) {
            return true;
        }
        leave();
        return false;
    }

    void leave() { inside_.fetch_sub(1, std::memory_order_relaxed); }
    const std::string& name() const { return name_; }
    unsigned limit() const { return limit_.load(std::memory_order_relaxed); }
    void set_limit(unsigned limit) { limit_.store(limit, std::memory_order_relaxed); }

private:
    std::string name_;
    std::atomic<unsigned> limit_;
    std::atomic<unsigned> inside_{0};
};

/// What the sessions of one [[listener]] share.
struct Listener {
    std::string name;
    std::shared_ptr<Upstream> upstream;
    ListenerMetrics metrics;
    std::string user_suffix;
    config::Access access;
    std::shared_ptr<Admission> admission; ///< outlives a reload: sessions of before count, too
    std::shared_ptr<FailureHistory> failures;
    std::shared_ptr<CancelRoutes> cancel_routes; ///< outlives a reload, too
    config::Limits limits;
};

} // namespace proxy
