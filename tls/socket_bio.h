#pragma once

#include "tls/handles.h"

#include <cstdint>
#include <span>

namespace tls {

/// The ciphertext side of a connection, as OpenSSL's BIO sees it: bytes that were received already come first,
/// then the non-blocking socket itself.
///
/// Unlike OpenSSL's own socket BIO it asks the kernel only when there can be an answer: a short read has emptied the
/// socket, and the next one waits for `drained` to be cleared. It raises no SIGPIPE.
struct SocketIo {
    int descriptor = -1;
    std::span<const std::uint8_t> received;
    bool drained = true; ///< the socket held nothing more when it was last asked
    bool eof = false;    ///< the peer has closed its sending side
    int read_error = 0;  ///< errno of the failure that ended this direction
    int write_error = 0; ///< the same for the other; what the peer said before may still be there to read
};

/// A BIO over `io`, which must outlive it. Null if out of memory.
Bio make_socket_bio(SocketIo& io);

} // namespace tls
