#include "config/portal.h"

#include "config/error.h"
#include "config/keywords.h"
#include "config/pair_scanner.h"
#include "config/translate.h"
#include "config/uri.h"

#include <algorithm>

namespace config {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";
constexpr std::string_view jdbc = "jdbc:postgresql://";
constexpr std::string_view pdo = "pgsql:";
constexpr std::string_view psql = "psql ";

constexpr PairNotation words = {"; \t\n\v\f\r"};
constexpr PairNotation fields = {";"};
constexpr PairNotation arguments = {",", true};

std::string_view from(std::string_view text, std::size_t begin) {
    return text.substr(std::min(begin, text.size()));
}

bool is_libpq(std::string_view text) {
    return is_uri(text) || is_keyword(leading_key(text));
}

/// What the portal showed for Ruby, `host=NAME; dbname=...`, and for Python, `... sslmode='true'`.
bool is_misprinted(std::string_view text) {
    const std::string_view behind_host = from(text, text.find_first_of("'; \t\n\v\f\r"));
    return (text.starts_with("host=") && behind_host.starts_with(';')) ||
           (!is_uri(text) && text.find("sslmode='true'") != text.npos);
}

bool begins_with_pair(std::string_view text) {
    const std::string_view key = leading_key(text);
    return !key.empty() && translate_key(key);
}

class PortalParser {
public:
    PortalParser(std::string_view text, const std::string& place) : text_(text), place_(place) {}

    std::optional<std::vector<Parameter>> parse() const {
        const std::string_view text = from(text_, text_.find_first_not_of(blanks));
        if (is_libpq(text)) {
            return is_misprinted(text) ? std::optional(parse_pairs(text, words)) : std::nullopt;
        }
        if (auto parameters = parse_foreign(text)) {
            return parameters;
        }
        if (text.starts_with(psql) && is_libpq(text.substr(psql.size()))) {
            return parse_wrapped(text.substr(psql.size()));
        }
        // Whatever stands in front of the first bracket or quote is the language's.
        const std::string_view code = from(text, text.find_first_of("([{\"'"));
        const std::string_view inside = from(code, code.find_first_not_of("([{ \t\n\v\f\r"));
        if (inside.data() != code.data() && begins_with_pair(inside)) {
            return parse_pairs(inside, arguments);
        }
        return parse_wrapped(leading_quoted(inside));
    }

private:
    std::optional<std::vector<Parameter>> parse_foreign(std::string_view text) const {
        if (text.starts_with(jdbc)) {
            // No user stands in front of the host there; the "@" says so.
            return parse_uri_parameters("postgresql://@" + std::string(text.substr(jdbc.size())));
        }
        if (text.starts_with(pdo)) {
            return parse_pairs(text.substr(pdo.size()), words);
        }
        if (begins_with_pair(text) && text.find(';') != text.npos) {
            return parse_pairs(text, fields);
        }
        return std::nullopt;
    }

    std::optional<std::vector<Parameter>> parse_wrapped(std::string_view text) const {
        if (is_uri(text)) {
            return parse_uri_parameters(std::string(text));
        }
        return is_libpq(text) ? parse_pairs(text, words) : parse_foreign(text);
    }

    std::vector<Parameter> parse_pairs(std::string_view text, const PairNotation& notation) const {
        std::vector<Parameter> parameters;
        for (const Pair& pair : at(place_, [&] { return scan_pairs(text_, text, notation); })) {
            at(place_ + ": " + pair.place, [&] { translate(pair, place_, parameters); });
        }
        return parameters;
    }

    std::vector<Parameter> parse_uri_parameters(const std::string& uri) const {
        std::vector<Parameter> parameters;
        for (const Parameter& parameter : parse_uri(uri, place_)) {
            at(place_ + ": URI", [&] { translate({parameter.keyword, parameter.value}, place_, parameters); });
        }
        return parameters;
    }

    std::string_view text_;
    const std::string& place_;
};

} // namespace

std::optional<std::vector<Parameter>> parse_portal_string(std::string_view text, const std::string& place) {
    return PortalParser(text, place).parse();
}

} // namespace config
