#include "config/duration.h"

#include "config/error.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace config {
namespace {

using std::chrono::milliseconds;

struct Unit {
    std::string_view name;
    milliseconds length;
};

constexpr std::array units = {
    Unit{"h", std::chrono::hours(1)},
    Unit{"m", std::chrono::minutes(1)},
    Unit{"s", std::chrono::seconds(1)},
    Unit{"ms", milliseconds(1)},
};

constexpr milliseconds longest = std::chrono::hours(24 * 365);

} // namespace

milliseconds parse_duration(std::string_view text) {
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit_name = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error == std::errc() && count == 0 && unit_name.empty()) {
        return milliseconds(0);
    }
    for (const Unit& unit : units) {
        if (unit.name != unit_name || end == text.data()) {
            continue;
        }
        if (error == std::errc::result_out_of_range || count > longest / unit.length) {
            throw Error(in_quotes(text) + " is longer than a year (8760h)");
        }
        return count * unit.length;
    }
    throw Error(in_quotes(text) + " is not a duration; write a whole number with a unit, such as 500ms, 10s, 2m or 1h");
}

std::string to_string(milliseconds duration) {
    for (const Unit& unit : units) {
        if (duration.count() != 0 && duration % unit.length == milliseconds(0)) {
            return std::to_string(duration / unit.length).append(unit.name);
        }
    }
    return "0";
}

} // namespace config
