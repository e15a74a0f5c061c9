#pragma once

#include "config/settings.h"

#include <string>
#include <string_view>

namespace config {

struct ListenerDraft;

/// Parses PostgreSQL's spelling of a file mode: octal, as in `0660`. Throws Error without a place.
unsigned parse_permissions(std::string_view text);

/// Always with the leading 0.
std::string format_permissions(unsigned permissions);

/// Looks up a user or group of this machine by name; a number stands for itself. Throws Error without a place.
Account find_user(const std::string& name);
Account find_group(const std::string& name);

/// Whether only this machine can reach the address: loopback or a Unix socket.
bool is_local(const Address& address);

/// Refuses what would open the listener further than was asked for: an address that other machines can reach without
/// allow_remote_clients, a TCP address with allow_users. Throws Error at the place of the address.
void check_access(const ListenerDraft& listener);

} // namespace config
