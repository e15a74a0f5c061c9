#pragma once

#include "tls/handles.h"

#include <optional>
#include <string>

namespace tls {

class Context;

/// Why a server's certificate was not accepted, for people.
struct Rejection {
    std::string message; ///< which certificate, which rule
    std::string detail;  ///< what was compared with what
    std::string hint;    ///< the way out; empty where the general one will do
};

/// Explains OpenSSL's verdict over the certificate that `store` stands at. `context` tells which anchors were tried.
Rejection explain_chain_error(X509_STORE_CTX* store, const Context& context);

/// Checks that the certificate is for `host` (libpq's rules, see matches_host()).
std::optional<Rejection> check_host(const X509* certificate, const std::string& host);

/// Whether the chain that a server sent would verify if `anchor` were the only trust anchor: empty if so, else why not.
std::string rehearse(const X509* leaf, STACK_OF(X509) * sent, const Certificate& anchor);

} // namespace tls
