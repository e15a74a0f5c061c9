#pragma once

#include "config/conninfo.h"
#include "config/settings.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace config {

struct PlacedAddress {
    Address address;
    /// Where it was read, as the beginning of an error message.
    std::string place;
};

/// A listener of which environment and flags have still to be heard.
struct ListenerDraft {
    std::string name = Listener().name;
    /// Where it was read, as the beginning of an error message.
    std::string place;
    std::vector<PlacedAddress> addresses;
    std::vector<Parameter> upstream;
    std::string user_suffix;
    Access access;
    std::optional<unsigned> max_connections;
};

/// What a file says; what it does not say has its default.
struct Draft {
    Admin admin;
    std::string admin_place = "admin.listen, default address";
    Log log;
    Limits limits;
    std::vector<ListenerDraft> listeners;
};

/// Reads a TOML file. Throws Error at file:line:column, or at `place`, which named the file, when it cannot be read.
Draft read_file(const std::filesystem::path& path, const std::string& place);

} // namespace config
