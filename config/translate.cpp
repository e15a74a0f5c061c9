#include "config/translate.h"

#include "config/error.h"
#include "config/keywords.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace config {
namespace {

/// A spelling without case, blanks and punctuation, and libpq's.
struct Synonym {
    std::string_view other;
    std::string_view libpq;
};

constexpr std::array synonyms = {
    Synonym{"database", "dbname"},
    Synonym{"datasource", "host"},
    Synonym{"pwd", "password"},
    Synonym{"rootcertificate", "sslrootcert"},
    Synonym{"server", "host"},
    Synonym{"ssl", "sslmode"},
    Synonym{"uid", "user"},
    Synonym{"userid", "user"},
    Synonym{"username", "user"},
    // All that it says is that sslmode=require verifies nothing.
    Synonym{"trustservercertificate", ""},
};

constexpr std::array sslmodes = {
    Synonym{"allow", "allow"},        Synonym{"disable", "disable"},        Synonym{"prefer", "prefer"},
    Synonym{"require", "require"},    Synonym{"true", "require"},           Synonym{"verifyall", "verify-all"},
    Synonym{"verifyca", "verify-ca"}, Synonym{"verifyfull", "verify-full"},
};

/// Without case, blanks and punctuation.
std::string squeeze(std::string_view text) {
    std::string squeezed;
    for (const char letter : text) {
        if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
            squeezed += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        }
    }
    return squeezed;
}

template <std::size_t Size>
const Synonym* find(const std::array<Synonym, Size>& table, std::string_view squeezed) {
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const Synonym& synonym) { return synonym.other == squeezed; });
    return found == table.end() ? nullptr : &*found;
}

std::string sslmode_for(const Pair& pair) {
    const std::string squeezed = squeeze(pair.value);
    if (squeeze(pair.key) == "ssl") {
        const bool is_unverified = squeezed.find("rejectunauthorizedfalse") != squeezed.npos;
        return squeezed == "false" ? "disable" : is_unverified ? "require" : "verify-full";
    }
    const Synonym* synonym = find(sslmodes, squeezed);
    return std::string(synonym == nullptr ? pair.value : synonym->libpq);
}

/// Of the modes there are.
bool is_weak(std::string_view sslmode) {
    return sslmode != "verify-full" && sslmode != "verify-all" && find(sslmodes, squeeze(sslmode)) != nullptr;
}

/// Anything else may be a mistake in the punctuation, with a password at its end, or a placeholder.
bool is_plain(std::string_view value) {
    return value.find_first_of(" \t\n\v\f\r=;\"'(){}<>$") == value.npos;
}

} // namespace

std::optional<std::string> translate_key(std::string_view key) {
    if (is_keyword(key)) {
        return std::string(key);
    }
    std::string squeezed = squeeze(key);
    if (const Synonym* synonym = find(synonyms, squeezed)) {
        return std::string(synonym->libpq);
    }
    return is_keyword(squeezed) ? std::optional(std::move(squeezed)) : std::nullopt;
}

void translate(const Pair& pair, const std::string& place, std::vector<Parameter>& parameters) {
    const std::optional<std::string> keyword = translate_key(pair.key);
    if (!keyword) {
        throw Error("a setting that is not known here; leave it out");
    }
    if (keyword->empty()) {
        return;
    }
    if (find_keyword(*keyword).apply == nullptr) {
        parameters.push_back({*keyword, "", place});
        return;
    }
    const bool is_sslmode = *keyword == "sslmode";
    Parameter parameter = {*keyword, is_sslmode ? sslmode_for(pair) : std::string(pair.value), place};
    if (!is_plain(parameter.value) || (pair.is_expression && !is_sslmode)) {
        throw Error(*keyword, "not a plain value; put the real one there");
    }
    if (is_sslmode && is_weak(parameter.value)) {
        parameter.notice = parameter.where() + ": verify-full is used, although the pasted text asks for " +
                           in_quotes(parameter.value) + "; to verify less, write host=NAME sslmode=require";
        parameter.value = "verify-full";
    }
    parameters.push_back(std::move(parameter));
}

} // namespace config
