#include "config/conninfo.h"
#include "config/error.h"
#include "config/keywords.h"
#include "config/portal.h"
#include "tests/config/libpq.h"

#include <gmock/gmock.h>

#include <optional>

// What libpq itself makes of a conninfo is what we make of it.
namespace config {
namespace {

using test::Values;

/// libpq finds out about these only when it connects; we may at once.
std::optional<Values> unless_hopeless(Values values) {
    const bool is_host = values["host"].find('@') == std::string::npos;
    const bool is_port = values["port"].find_first_not_of("0123456789,") == std::string::npos;
    return is_host && is_port ? std::optional(std::move(values)) : std::nullopt;
}

std::optional<Values> parse_as_we_do(const std::string& text) {
    try {
        // What we take beyond libpq is nothing that libpq takes.
        if (parse_portal_string(text, "test")) {
            return std::nullopt;
        }
        Values values;
        for (const Parameter& parameter : parse_conninfo(text, "test")) {
            values[std::string(find_keyword(parameter.keyword).name)] = parameter.value;
        }
        return unless_hopeless(std::move(values));
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::optional<Values> parse_as_libpq(const std::string& text) {
    auto values = test::parse_as_libpq(text);
    return values ? unless_hopeless(std::move(*values)) : std::nullopt;
}

/// Every text of up to `length` pieces behind `prefix`.
void compare(const std::string& prefix, const std::vector<std::string>& pieces, int length) {
    EXPECT_EQ(parse_as_we_do(prefix), parse_as_libpq(prefix)) << prefix;
    for (std::size_t i = 0; length > 0 && i < pieces.size(); ++i) {
        compare(prefix + pieces[i], pieces, length - 1);
    }
}

TEST(Libpq, AgreesOnPairs) {
    compare("", {"host", "=", "'", "\\", " ", "\n"}, 5);
}

TEST(Libpq, AgreesOnValues) {
    compare("user=x password", {"=", "'", "\\", " ", "a", "host=b"}, 5);
}

TEST(Libpq, AgreesOnUriHosts) {
    compare("postgresql://", {"a", "[", "]", ":5", ",", "/"}, 5);
}

TEST(Libpq, AgreesOnUriCredentials) {
    compare("postgres://", {"a", ":1", "%40", "%", "@b/"}, 4);
}

TEST(Libpq, AgreesOnUriQueries) {
    compare("postgresql://h/d?", {"host=", "ssl=true", "port", "=", "&", "%41", "%4", "?"}, 4);
}

} // namespace
} // namespace config
