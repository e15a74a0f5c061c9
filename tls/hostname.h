#pragma once

#include "tls/handles.h"

#include <string>
#include <string_view>

namespace tls {

/// Whether `certificate` is for `host` by libpq's rules (fe-secure-common.c, fe-secure-openssl.c):
/// - a dNSName matches case-insensitively, with a wildcard for the whole left-most label and nothing else;
/// - an iPAddress matches a `host` that is an address;
/// - the first common name counts only if there is no alternative name of the host's own kind;
/// - a NUL byte in a name, or an iPAddress of no possible length, refuses the certificate if it stands ahead of the
/// match.
bool matches_host(const X509* certificate, const std::string& host);

/// Whether `host` may be sent as SNI: an address may not (RFC 6066, section 3), and libpq takes for one whatever has
/// nothing but digits and dots, or a colon.
bool is_server_name(std::string_view host);

} // namespace tls
