#pragma once

#include "tls/handles.h"

#include <chrono>
#include <string>
#include <vector>

namespace tls {

/// A certificate that a chain may end at.
struct Anchor {
    Certificate certificate;
    std::string name;
    std::string fingerprint; ///< SHA-256, upper-case hexadecimal
    std::chrono::sys_seconds not_after;
};

struct TrustAnchors {
    std::string source; ///< what the anchors were asked for by: a path, `system`, `azure` or `baltimore`
    std::vector<Anchor> anchors;
    std::vector<CertificateRevocationList> crls; ///< that stood beside them, and count like in libpq
};

/// Loads the anchors that `sslrootcert` names: `azure` (all built-in roots), `baltimore` (that root alone), `system`
/// (OpenSSL's default file and directory), a directory of certificate files, or a file with one or more certificates
/// in PEM or DER. Duplicates are folded.
/// Throws Error if a file cannot be read, has a block that does not parse, or if there is no certificate at all.
TrustAnchors load_anchors(const std::string& sslrootcert);

/// All certificates of a PEM or DER text, and into `crls`, where given, the revocation lists of a PEM text.
/// Throws Error that begins with `origin`.
std::vector<Certificate> parse_certificates(const std::string& text, const std::string& origin,
                                            std::vector<CertificateRevocationList>* crls = nullptr);

/// All revocation lists of a PEM text. Throws Error that begins with `origin`.
std::vector<CertificateRevocationList> parse_crls(const std::string& text, const std::string& origin);

/// The content of a file. Throws Error that names the file and what it was for.
std::string read_file(const std::string& path, const std::string& purpose);

} // namespace tls
