#pragma once

#include "config/environment.h"
#include "config/settings.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace config {

/// What the command line says; the members are the flags of that name.
struct Overrides {
    std::optional<std::filesystem::path> config{};
    std::vector<std::string> listen{};
    bool allow_remote_clients = false;
    std::optional<std::string> upstream{};
    std::optional<std::string> admin{};
    std::optional<std::string> log_level{};
    std::optional<std::string> log_format{};
    std::optional<std::string> warm{};
    std::optional<std::string> ready_probe{};
};

struct Loaded {
    Settings settings;
    /// What was asked for and is not done, for the user to know; each a line.
    std::vector<std::string> notices;
};

/// Puts together what flags, environment and file ask for: flags win over environment, environment over file, file
/// over defaults. Of an upstream, --upstream or PG_TLS_PROXY_UPSTREAM replaces the file's as a whole; libpq's
/// variables (PGHOST, ...) stand above the keywords of the file and, as in libpq, below those of a conninfo.
/// Reads the file, opens nothing else. Throws Error.
Loaded load(const Overrides& flags, const Environment& environment);

} // namespace config
