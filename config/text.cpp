#include "config/text.h"

#include "config/error.h"

#include <cerrno>
#include <cstdlib>
#include <limits>

namespace config {

std::vector<std::string> split_at_commas(std::string_view text) {
    std::vector<std::string> entries;
    std::size_t begin = 0;
    for (std::size_t comma = 0; comma != text.npos; begin = comma + 1) {
        comma = text.find(',', begin);
        entries.emplace_back(text.substr(begin, comma - begin));
    }
    return entries;
}

int parse_integer(const std::string& text) {
    char* end = nullptr;
    errno = 0;
    const long value = std::strtol(text.c_str(), &end, 10);
    const auto rest = static_cast<std::size_t>(end - text.c_str());
    if (rest == 0 || text.find_first_not_of(" \t\n\v\f\r", rest) != text.npos) {
        throw Error(in_quotes(text) + " is not a whole number");
    }
    if (errno == ERANGE || value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
        throw Error(in_quotes(text) + " is out of range");
    }
    return static_cast<int>(value);
}

} // namespace config
