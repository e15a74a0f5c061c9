#include "proxy/report/failure_history.h"

#include <algorithm>

namespace proxy {

void FailureHistory::note(const std::string& listener, const Failure& failure,
                          std::chrono::system_clock::time_point now) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[{listener, failure.reason}];
    entry = {listener, failure, now, entry.times + 1};
}

std::vector<FailureHistory::Entry> FailureHistory::entries() const {
    std::vector<Entry> entries;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, entry] : entries_) {
            entries.push_back(entry);
        }
    }
    std::ranges::stable_sort(entries, std::ranges::greater(), &Entry::time);
    return entries;
}

} // namespace proxy
