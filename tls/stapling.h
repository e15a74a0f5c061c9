#pragma once

#include "tls/verification.h"

#include <openssl/ssl.h>

#include <optional>

namespace tls {

/// Looks at the OCSP response that the server stapled to its certificate (RFC 6066, section 8): a rejection if it is
/// signed by whom it should be and says that the certificate is revoked. No staple, or one that proves nothing, is no
/// failure. For a session whose chain was verified.
std::optional<Rejection> check_staple(SSL* ssl);

} // namespace tls
