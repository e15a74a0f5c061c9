#pragma once

#include "protocol/startup.h"
#include "proxy/deadline.h"
#include "proxy/report/failure.h"
#include "proxy/socket.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace proxy {

/// What an app opened with, once it stopped asking for encryption.
struct Startup {
    protocol::StartupPacket packet;  ///< a CancelRequest or a StartupMessage
    std::vector<std::uint8_t> bytes; ///< the packet as it came, and whatever the app sent right behind it
};

/// Reads the first packet that is meant for the server; answers SSLRequest and GSSENCRequest with 'N' on the way,
/// as a server without either does.
class StartupReader {
public:
    explicit StartupReader(AppSocket& app) : app_(app) {}

    /// Fails with no_request (closed without a byte), client_closed (closed after an 'N'), startup_invalid,
    /// or with what abort() said.
    Awaitable<Result<Startup>> read();

    /// Ends a read() under way with `failure`.
    void abort(Failure failure);

    /// Ends a read() under way with `failure` when the app has sent its startup packet, as a server would (libpq does
    /// not believe what answers its SSLRequest), or after `patience`.
    void refuse(Failure failure, std::chrono::milliseconds patience);

private:
    Awaitable<std::optional<Failure>> receive();
    Awaitable<std::optional<Failure>> refuse_encryption(std::size_t packet_size);
    Failure describe_eof() const;

    AppSocket& app_;
    std::vector<std::uint8_t> buffer_;
    unsigned refusals_ = 0;
    std::optional<Failure> aborted_;
    std::optional<Failure> refused_;
    std::optional<Deadline> patience_;
};

} // namespace proxy
