#pragma once

#include "tls/handles.h"

#include <string>
#include <string_view>

namespace tls {

/// Whether `certificate` is for `host` by libpq's rules (fe-secure-common.c, fe-secure-openssl.c):
/// - a dNSName matches case-insensitively, with a wildcard for the whole left-most label and nothing else;
/// - an iPAddress matches a `host` that is an address;
/// - the first common name counts only if there is no alternative name of the host's own kind;
/// - a NUL byte in a name ahead of the match refuses the certificate.
bool matches_host(const X509* certificate, const std::string& host);

/// Whether `host` is an IPv4 or IPv6 address. Such a host is no SNI (RFC 6066, section 3).
bool is_ip_address(const std::string& host);

} // namespace tls
