#pragma once

#include "config/settings.h"
#include "proxy/report/failure.h"
#include "proxy/socket.h"

#include <optional>
#include <string>
#include <vector>

/// What Unix sockets have and TCP has not: a file, and a peer that the kernel vouches for.
namespace proxy {

/// Removes the socket file of a process that is gone; one that still answers is left alone.
void remove_stale_socket(const std::string& path);

/// Gives the socket file its owner, group and mode. Throws std::system_error.
void set_permissions(const std::string& path, const config::Access& access);

/// The owner, group and mode that the socket file has; the default where there is none.
config::Access permissions_of(const std::string& path);

/// Why the user at the other end of `app` may not come in; nothing if they may. An empty list lets in everybody.
std::optional<Failure> refuse_user(AppSocket& app, const std::vector<config::Account>& allowed);

} // namespace proxy
