#pragma once

#include <libpq-fe.h>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace config::test {

/// Values by keyword.
using Values = std::map<std::string, std::string>;

/// What libpq itself makes of a conninfo; nothing if it takes it for none.
inline std::optional<Values> parse_as_libpq(const std::string& text) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(text.c_str(), nullptr),
                                                                               PQconninfoFree);
    if (!options) {
        return std::nullopt;
    }
    Values values;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            values[option->keyword] = option->val;
        }
    }
    return values;
}

} // namespace config::test
