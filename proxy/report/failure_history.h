#pragma once

#include "proxy/report/failure.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace proxy {

/// The latest failure of each reason on each listener, for people to read. Safe to use from all threads.
class FailureHistory {
public:
    struct Entry {
        std::string listener;
        Failure latest;
        std::chrono::system_clock::time_point time;
        std::uint64_t times = 0;
    };

    void note(const std::string& listener, const Failure& failure, std::chrono::system_clock::time_point now);

    /// The latest first.
    std::vector<Entry> entries() const;

private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, Reason>, Entry> entries_; // guarded by mutex_
};

} // namespace proxy
