#pragma once

#include "config/settings.h"

#include <optional>
#include <string>
#include <string_view>

namespace config {

/// Parses what a socket can be bound to: `127.0.0.1:5432`, `[::1]:5432`, `localhost:5432` or `unix:/absolute/path`.
/// Throws Error without a place.
Address parse_address(std::string_view text);

/// The same for the admin server, where `off` stands for none.
std::optional<Address> parse_admin_address(std::string_view text);

/// The spelling that parse_address() takes.
std::string to_string(const Address& address);

bool is_ipv4_literal(std::string_view text);

/// Takes a zone too, as in `fe80::1%eth0`.
bool is_ipv6_literal(std::string_view text);

} // namespace config
