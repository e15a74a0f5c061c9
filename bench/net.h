#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

/// What the programs of the benchmark share: sockets on loopback, and nothing clever. They stop at the first failure.
namespace bench {

/// An address to listen on or to dial, from "127.0.0.1:5432".
struct Address {
    std::uint32_t ip;   ///< network byte order
    std::uint16_t port; ///< network byte order
};

/// Stops the program if `text` is no IPv4 address and port.
Address parse_address(const std::string& text);

/// A non-blocking listening socket.
int listen_on(const Address& address);

/// The next connection of a listening socket: non-blocking, without Nagle's delay; -1 if there is none.
int accept_from(int listener);

/// A non-blocking socket without Nagle's delay that has begun to connect.
int begin_connect(const Address& address);

/// Registers `events` of a socket; `data` comes back with them.
void watch(int epoll, int descriptor, std::uint32_t events, void* data);

/// Says what went wrong, errno included, and ends the program.
[[noreturn]] void fail(const std::string& what);

struct Delete {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

using Ssl = std::unique_ptr<SSL, Delete>;
using SslContext = std::unique_ptr<SSL_CTX, Delete>;

} // namespace bench
