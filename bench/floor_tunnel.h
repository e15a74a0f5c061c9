#pragma once

#include "bench/floor_side.h"
#include "bench/net.h"

#include <cstdint>
#include <vector>

namespace bench {

/// What all tunnels of the floor program share.
struct Floor {
    Address upstream;
    bool direct; ///< TLS from the first byte, without SSLRequest
    int epoll;
    SslContext context;
};

/// One client and its server, from the startup packet to the end.
class Tunnel {
public:
    Tunnel(const Floor& floor, int app);
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;
    ~Tunnel();

    /// Does what can be done after an event on `side`. False at the end; then the tunnel may go.
    bool advance(const Side& side);

private:
    bool read_startup();
    bool connected();
    bool read_answer();
    bool begin_handshake();
    bool handshake();
    bool relay();
    void relay_to_server();
    void relay_to_app();
    void flush();

    using Step = bool (Tunnel::*)();

    const Floor& floor_;
    Side app_{*this};
    Side server_{*this};
    Step step_ = &Tunnel::read_startup;
    std::vector<std::uint8_t> startup_;
    Ssl ssl_;
};

} // namespace bench
