#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace proxy {

/// Writes log lines to standard error and waits for nobody: a line that its reader, a stopped one, leaves no room for
/// is lost, because sessions would have to wait for it. On a terminal, the last of what fits may still be waited for.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
public:
    /// Makes a pipe as large as the kernel lets it be.
    StderrSink();

    /// How many lines were lost since the start. From any thread.
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}
    bool write_whole(std::string_view text);

    bool torn_ = false; // the last line has no end
    std::atomic<std::uint64_t> lost_ = 0;
};

} // namespace proxy
