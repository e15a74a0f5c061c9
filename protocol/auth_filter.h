#pragma once

#include "protocol/bytes.h"
#include "protocol/frame.h"

#include <cstdint>
#include <vector>

namespace protocol {

/// The longest message that a server may send before AuthenticationOk; a longer one is a lie or an attack.
constexpr std::uint32_t max_authentication_message = 65'536;

/// Stands in the server's stream until AuthenticationOk and takes the channel-binding mechanisms out of its SASL offer.
///
/// The app's leg is plaintext, so its client must not see them: libpq stops at an offer of SCRAM-SHA-256-PLUS over a
/// connection without TLS. Everything else goes through byte for byte.
class AuthFilter {
public:
    enum class Status {
        running,              ///< AuthenticationOk has not come yet
        done,                 ///< AuthenticationOk is in the output
        channel_binding_only, ///< the server offers nothing that works without channel binding
        malformed,            ///< a length or a mechanism list that cannot be
    };

    struct Progress {
        Status status;
        /// How many bytes of the input were used; with `done`, the others belong to whatever comes next.
        std::size_t consumed;
    };

    /// Takes the next bytes of the server, split anywhere, and appends to `output` what the app is to get.
    /// A message that ends the filter in channel_binding_only or malformed never reaches the output.
    /// Not to be called again once the status is another than running.
    Progress feed(Bytes input, std::vector<std::uint8_t>& output);

    /// True if the output so far ends between two messages.
    bool at_boundary() const { return body_left_ == 0; }

    /// The tag of the last message in the output; zero before the first.
    char last_tag() const { return tag_; }

private:
    std::size_t wanted() const;
    Status take_held(std::vector<std::uint8_t>& output);
    Status take_mechanisms(std::vector<std::uint8_t>& output);

    std::vector<std::uint8_t> held_; // the beginning of a message, until it is clear what to do with it
    std::uint32_t body_left_ = 0;    // of a message that goes through as it is
    char tag_ = 0;
};

} // namespace protocol
