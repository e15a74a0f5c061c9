#pragma once

#include "tls/handles.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

/// What people want to know of a certificate, in printable form. No name is longer than `max_name`, whatever its issuer
/// wrote: longer ones end with "…".
namespace tls {

constexpr std::size_t max_name = 200;

/// The common name of the subject, or the whole subject where it has none.
std::string common_name(const X509* certificate);

/// Subject and issuer as in RFC 2253.
std::string subject(const X509* certificate);
std::string issuer(const X509* certificate);

/// The names that the certificate is for: its DNS and IP subject alternative names, or its common name without any.
std::vector<std::string> names(const X509* certificate);

std::chrono::sys_seconds not_before(const X509* certificate);
std::chrono::sys_seconds not_after(const X509* certificate);

/// SHA-256 over the DER form, in upper-case hexadecimal.
std::string fingerprint(const X509* certificate);

/// A point in time as "2025-05-12".
std::string format_date(std::chrono::sys_seconds time);

/// An IPAddress of a subject alternative name as text; escaped bytes where it has no valid length.
std::string format_ip(const ASN1_OCTET_STRING* address);

} // namespace tls
