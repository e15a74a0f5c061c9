#include "proxy/report/stderr_sink.h"

#include <climits>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace proxy {
namespace {

constexpr int pipe_size = 1 << 20; // what anybody may ask for, unless an administrator says otherwise

/// O_NONBLOCK would be everybody's who shares the descriptor.
bool has_room() {
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    return poll(&standard_error, 1, 0) == 1;
}

} // namespace

StderrSink::StderrSink() {
    fcntl(STDERR_FILENO, F_SETPIPE_SZ, pipe_size);
}

/// In pieces that find room wherever there is any: a pipe that is ready takes PIPE_BUF bytes.
bool StderrSink::write_whole(std::string_view text) {
    while (!text.empty() && has_room()) {
        const ssize_t written = write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (written <= 0) {
            break;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
        torn_ = !text.empty();
    }
    return text.empty();
}

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    if (torn_) {
        line.push_back('\n');
    }
    formatter_->format(message, line);
    if (!write_whole({line.data(), line.size()})) {
        ++lost_;
    }
}

} // namespace proxy
