#include "proxy/upstream/warm_start.h"

#include "proxy/deadline.h"
#include "proxy/report/log.h"

#include <algorithm>
#include <string>

namespace proxy {

namespace {

// For the first answer of a server that has done TLS already; then a cold connect is the better bet.
constexpr std::chrono::milliseconds longest_patience{2'000};

} // namespace

void WarmStart::abort(Failure failure) {
    aborted_ = std::move(failure);
    cancel();
}

void WarmStart::cancel() {
    boost::system::error_code ignored;
    if (stream_) {
        stream_->socket().cancel(ignored);
    }
}

std::chrono::milliseconds WarmStart::patience() const {
    const std::chrono::milliseconds limit = pool_->upstream().settings().connect_timeout;
    return limit.count() > 0 ? std::min(limit, longest_patience) : longest_patience;
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> WarmStart::open(std::span<const std::uint8_t> startup_packet) {
    stream_ = pool_->take();
    bool answered = false;
    if (stream_) {
        answered = co_await ask(startup_packet);
    }
    const UpstreamMetrics& metrics = pool_->upstream().metrics();
    (answered ? metrics.warm_hits : metrics.warm_misses).Increment();
    if (aborted_) {
        co_return std::move(*aborted_);
    }
    if (stream_ && !answered) {
        give_up();
    }
    co_return std::move(stream_);
}

/// Whether the server answers.
Awaitable<bool> WarmStart::ask(std::span<const std::uint8_t> startup_packet) {
    using Status = tls::Stream::Status;
    const Deadline deadline(stream_->socket().get_executor(), patience(), [this] {
        timed_out_ = true;
        cancel();
    });
    const bool sent = stream_->write_some(startup_packet).status == Status::ok;
    auto status = sent ? Status::want_read : Status::failed;
    while (status == Status::want_read && !timed_out_ && !aborted_) {
        auto wait = stream_->wait_readable();
        co_await std::move(wait);
        status = stream_->peek();
    }
    co_return status == Status::ok;
}

void WarmStart::give_up() {
    const std::string& name = pool_->upstream().name();
    if (timed_out_) {
        const std::string error = "no answer within " + std::to_string(patience().count()) + " ms";
        log::warn("a warm connection was not answered", {{"upstream", name}, {"error", error}});
        pool_->pause();
    } else {
        log::warn("a warm connection was dead", {{"upstream", name}, {"error", stream_->failure()}});
        pool_->upstream().record_end(*stream_);
        pool_->drop_all();
    }
    stream_.reset();
}

} // namespace proxy
