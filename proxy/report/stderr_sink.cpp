#include "proxy/report/stderr_sink.h"

#include <poll.h>
#include <unistd.h>

namespace proxy {

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // A pipe that is ready has room for a page, and lines are shorter. O_NONBLOCK would be everybody's who shares it.
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    const bool ready = poll(&standard_error, 1, 0) == 1;
    if (!ready || write(STDERR_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        ++lost_;
    }
}

} // namespace proxy
