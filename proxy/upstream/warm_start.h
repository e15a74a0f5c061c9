#pragma once

#include "proxy/report/failure.h"
#include "proxy/socket.h"
#include "proxy/upstream/warm_pool.h"
#include "tls/stream.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace proxy {

/// A session's beginning over a connection that was held ready.
class WarmStart {
public:
    explicit WarmStart(std::shared_ptr<WarmPool> pool) : pool_(std::move(pool)) {}

    /// Sends the startup packet and waits for the server to answer. Null if no connection is held, or if it has died
    /// or is not answered in time: then the packet is to be sent elsewhere. Fails only with what abort() said.
    Awaitable<Result<std::unique_ptr<tls::Stream>>> open(std::span<const std::uint8_t> startup_packet);

    /// Ends an open() under way with `failure`.
    void abort(Failure failure);

private:
    Awaitable<bool> ask(std::span<const std::uint8_t> startup_packet);
    std::chrono::milliseconds patience() const;
    void cancel();
    void give_up();

    std::shared_ptr<WarmPool> pool_;
    std::unique_ptr<tls::Stream> stream_;
    bool timed_out_ = false;
    std::optional<Failure> aborted_;
};

} // namespace proxy
