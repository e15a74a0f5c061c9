#pragma once

#include "config/error.h"
#include "config/file.h"

#include <optional>
#include <string>
#include <vector>

namespace config {

/// A text that a flag or an environment variable gave, and which one it was.
struct Given {
    std::string text;
    std::string place;

    /// What `parse_text` makes of the text; its Error gets the place.
    template <typename Parse>
    auto parse(const Parse& parse_text) const {
        return at(place, [&] { return parse_text(text); });
    }
};

/// What flags and environment say about the one listener there is.
struct ListenerOverrides {
    std::vector<Given> listen;
    bool allow_remote_clients = false;
    std::optional<Given> upstream;
    /// What libpq's variables say.
    std::vector<Parameter> variables;
};

/// Makes the listeners out of what the file and the overrides say; without any in the file, out of the overrides
/// alone. Appends to `notices`. Throws Error.
std::vector<Listener> make_listeners(const Draft& draft, const ListenerOverrides& overrides,
                                     std::vector<std::string>& notices);

} // namespace config
