#pragma once

#include "tls/handles.h"

#include <cstdint>
#include <vector>

namespace tls {

/// The ciphertext side of a connection, as OpenSSL's BIO sees it: a non-blocking socket.
///
/// Unlike OpenSSL's own socket BIO it asks the kernel only when there can be an answer: a short read has emptied the
/// socket, and the next one waits for `drained` to be cleared. What is written is gathered, and flush() sends many
/// records at once. It raises no SIGPIPE.
struct SocketIo {
    int descriptor = -1;
    bool drained = true;               ///< the socket held nothing more when it was last asked
    bool eof = false;                  ///< the peer has closed its sending side
    int read_error = 0;                ///< errno of the failure that ended this direction
    int write_error = 0;               ///< the same for the other; what the peer said before may still be there to read
    std::size_t allowance = SIZE_MAX;  ///< bytes to be read before the caller is heard again, whatever they are
    std::vector<std::uint8_t> backlog; ///< what the socket has not taken yet, or what hold() keeps from it
    bool held = false;                 ///< the backlog waits for company, not for the socket

    /// Whether a read is bound to find nothing.
    bool nothing_to_read() const { return drained && !eof && read_error == 0; }
};

/// A BIO over `io`, which must outlive it. Null if out of memory.
Bio make_socket_bio(SocketIo& io);

/// Sends what was written, and keeps what the socket does not take. To be called on the writing thread before another
/// connection is written to.
void flush(SocketIo& io);

/// Instead of flush(), where there is no backlog: what was written leaves together with what comes next.
void hold(SocketIo& io);

} // namespace tls
