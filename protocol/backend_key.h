#pragma once

#include "protocol/bytes.h"
#include "protocol/frame.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace protocol {

/// The longest secret key that a server may give. Source: BackendKeyData, protocol 3.2
constexpr std::size_t max_secret_key = 256;

/// Looks for the BackendKeyData between AuthenticationOk and the first ReadyForQuery.
class BackendKeyWatch {
public:
    /// Moves over the next bytes of the server, split anywhere, until done().
    void walk(Bytes bytes);

    /// True once the key is there, or will not come.
    bool done() const { return done_; }

    /// Process id and secret key as they stand in the message, and as a CancelRequest repeats them. Empty if none came.
    Bytes key() const;

private:
    void begin_body();

    std::vector<std::uint8_t> message_; ///< a header, or the whole BackendKeyData
    std::size_t size_ = frame_header_size;
    std::uint32_t skip_ = 0; ///< of the body of another message
    bool done_ = false;
};

/// The same of the CancelRequest at the beginning of `bytes`: the session that is to be cancelled.
Bytes key_of_cancel_request(Bytes bytes);

} // namespace protocol
