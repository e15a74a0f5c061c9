#pragma once

#include "tls/handles.h"
#include "tls/trust.h"

#include <optional>
#include <string>
#include <string_view>

namespace tls {

/// How much of the server's certificate must be right.
enum class Verify {
    none,  ///< nothing: encryption without authentication
    chain, ///< it leads to a trust anchor
    full,  ///< and is for the host that was asked for
};

enum class Version : int { tls1_0 = TLS1_VERSION, tls1_1, tls1_2, tls1_3 };

/// What an SSL_CTX is made from. Empty strings: not asked for.
struct ContextOptions {
    Verify verify = Verify::full;
    std::string root_cert; ///< as load_anchors() takes it; unused with Verify::none
    std::string crl_file;
    std::string crl_directory;
    std::string certificate; ///< PEM file: the client's certificate and its chain
    std::string key;         ///< PEM or DER file, readable by its owner alone
    std::string key_password;
    bool ocsp_stapling = true;
    Version min_version = Version::tls1_2;
    std::optional<Version> max_version;
};

/// The protocol that PostgreSQL registered for ALPN.
constexpr std::string_view alpn_protocol = "postgresql";

/// Everything that the connections to one upstream share. Immutable once made, and used by all threads.
class Context {
public:
    /// Loads all files. Throws Error with the file and the reason.
    explicit Context(const ContextOptions& options);

    SSL_CTX* native() const { return context_.get(); }
    Verify verify() const { return verify_; }
    const TrustAnchors& trust() const { return trust_; }

private:
    SslContext context_;
    Verify verify_;
    TrustAnchors trust_;
};

} // namespace tls
