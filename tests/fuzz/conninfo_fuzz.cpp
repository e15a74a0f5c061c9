#include "config/conninfo.h"
#include "config/error.h"
#include "config/keywords.h"
#include "config/portal.h"
#include "config/upstream.h"
#include "tests/config/libpq.h"
#include "tests/fuzz/fuzz.h"

#include <optional>

using config::Parameter;
using config::test::parse_as_libpq;
using config::test::Values;

namespace {

using Parameters = std::vector<Parameter>;

/// Stands for a password in the corpus.
constexpr std::string_view secret = "hunter2";

std::optional<Parameters> parse(std::string_view text) {
    try {
        return config::parse_conninfo(text, "fuzz");
    } catch (const config::Error& error) {
        const std::string_view message = error.what();
        fuzz::require(message.starts_with("fuzz: "), "an error names its place");
        fuzz::require(fuzz::is_printable(message), "a message drives no terminal");
        fuzz::require(message.find(secret) == message.npos, "a message quotes no password");
        return std::nullopt;
    }
}

/// Backslashes everywhere: no character means anything but itself.
std::string quoted(const std::string& value) {
    std::string result = "'";
    for (const char character : value) {
        result += '\\';
        result += character;
    }
    return result + "'";
}

bool is_known(const Parameter& parameter) {
    return config::is_keyword(parameter.keyword);
}

void check_round_trip(const Parameters& parameters) {
    if (!std::all_of(parameters.begin(), parameters.end(), is_known)) {
        return;
    }
    Parameters expected = {{"user", "", "fuzz"}};
    std::string text = "user=''";
    for (const Parameter& parameter : parameters) {
        text += ' ' + parameter.keyword + '=' + quoted(parameter.value);
        expected.push_back({parameter.keyword, parameter.value, "fuzz"});
    }
    fuzz::require(parse(text) == expected, "what is written out in pairs is read back");
}

/// A URI up to its parameters; a '?' may also stand in a password.
std::string without_query(std::string_view uri) {
    const std::size_t authority = std::min(uri.find("://"), uri.size());
    const std::size_t end = std::min(uri.find_first_of("@/", authority + 3), uri.size());
    const std::size_t begin = uri.substr(end).starts_with('@') ? end : authority;
    return std::string(uri.substr(0, uri.find('?', begin)));
}

bool has_odd_target(Values values) {
    return values["host"].find('@') != std::string::npos ||
           values["port"].find_first_not_of("0123456789,") != std::string::npos;
}

/// Some mistakes libpq finds only when it connects, not before version 17, or not at all where a parameter replaces
/// them; here they are found at once.
bool is_hopeless(std::string_view text, const Values& values) {
    if (!text.starts_with("postgres")) {
        return has_odd_target(values);
    }
    const auto replaced = parse_as_libpq(without_query(text));
    return text.find_first_of(" \t\n\v\f\r") != text.npos || has_odd_target(values) ||
           (replaced && has_odd_target(*replaced));
}

void compare_with_libpq(std::string_view text, const std::optional<Parameters>& parameters) {
    const auto theirs = parse_as_libpq(std::string(text));
    if (!theirs || is_hopeless(text, *theirs)) {
        return;
    }
    fuzz::require(parameters.has_value(), "what libpq takes is taken here");
    Values ours;
    for (const Parameter& parameter : *parameters) {
        ours[parameter.keyword] = parameter.value;
    }
    if (ours.contains("requiressl")) {
        return; // libpq still translates it; here it is refused by its name
    }
    fuzz::require(ours == *theirs, "it is what libpq takes it for");
}

void make_upstream(const Parameters& parameters) {
    try {
        const auto made = config::make_upstream(parameters, "fuzz");
        fuzz::require(!made.upstream.targets.empty(), "an upstream has a server");
    } catch (const config::Error& error) {
        fuzz::require(fuzz::is_printable(error.what()), "a message drives no terminal");
    }
}

bool is_portal(std::string_view text) {
    try {
        return config::parse_portal_string(text, "fuzz").has_value();
    } catch (const config::Error&) {
        return true;
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text({data, size});
    const auto parameters = parse(text);
    if (text.find('\0') == text.npos && !is_portal(text)) {
        compare_with_libpq(text, parameters);
    }
    if (parameters) {
        check_round_trip(*parameters);
        make_upstream(*parameters);
    }
    return 0;
}
