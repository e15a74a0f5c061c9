#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace config {

/// The one exception of this layer. what() is complete for a user: the place (file:line:column, a flag or an
/// environment variable), what is wrong there, and the way out.
class Error : public std::runtime_error {
public:
    explicit Error(const std::string& problem) : std::runtime_error(problem) {}
    Error(const std::string& place, const std::string& problem) : std::runtime_error(place + ": " + problem) {}
};

/// Returns what `parse` returns; an Error that leaves it gets `place` put in front.
template <typename Parse>
auto at(const std::string& place, const Parse& parse) {
    try {
        return parse();
    } catch (const Error& error) {
        throw Error(place, error.what());
    }
}

/// `text` with its control bytes escaped, so that no message can drive a terminal.
std::string escape_controls(std::string_view text);

/// The same in double quotes.
std::string in_quotes(std::string_view text);

} // namespace config
