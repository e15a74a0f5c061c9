#pragma once

#include "config/settings.h"

#include <string_view>

/// How the enumerations of settings.h are spelled. The parse functions throw Error without a place; what they return
/// to_string() turns back.
namespace config {

std::string_view to_string(SslMode value);
std::string_view to_string(SslNegotiation value);
std::string_view to_string(LoadBalanceHosts value);
std::string_view to_string(TlsVersion value);
std::string_view to_string(LogLevel value);
std::string_view to_string(LogFormat value);

/// Refuses, with the reason, the modes of libpq that may end in plaintext.
SslMode parse_sslmode(std::string_view text);
SslNegotiation parse_sslnegotiation(std::string_view text);
LoadBalanceHosts parse_load_balance_hosts(std::string_view text);
/// Case does not count, as in libpq.
TlsVersion parse_tls_version(std::string_view text);
LogLevel parse_log_level(std::string_view text);
LogFormat parse_log_format(std::string_view text);

} // namespace config
