#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace proxy {

/// Writes log lines to standard error and waits for nobody: a line that its reader, a stopped one, leaves no room for
/// is lost, because sessions would have to wait for it.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
public:
    /// How many lines were lost since the start. From any thread.
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}

    std::atomic<std::uint64_t> lost_ = 0;
};

} // namespace proxy
