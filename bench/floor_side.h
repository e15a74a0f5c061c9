#pragma once

#include <openssl/bio.h>

#include <cstdint>
#include <span>
#include <vector>

namespace bench {

class Tunnel;

/// One socket of a tunnel. What its peer did not take yet is the backlog; while there is one, the other side rests.
struct Side {
    explicit Side(Tunnel& owner) : tunnel(owner) {}

    Tunnel& tunnel;
    int descriptor = -1;
    bool readable = false;
    bool closing = false; ///< the peer has closed; a short read does not mean that the socket is empty any more
    bool ended = false;
    std::vector<std::uint8_t> backlog;

    /// Registers the socket, once for all.
    void watch(int epoll);

    /// Notes what epoll says, and sends the backlog if there is room now.
    void take(std::uint32_t events);

    /// Reads what is there and returns how much; none is the end, or nothing there.
    std::size_t receive(std::span<std::uint8_t> buffer);

    /// Sends what the socket takes; the rest is the backlog.
    void transmit(std::span<const std::uint8_t> bytes);
};

/// The records that a turn has made so far; they leave in one send. One event loop, so one for all tunnels.
inline std::vector<std::uint8_t> sealed;

/// What OpenSSL reads from and writes to: reads `server` when there can be something, and appends to `sealed`.
BIO* make_bio(Side& server);

} // namespace bench
