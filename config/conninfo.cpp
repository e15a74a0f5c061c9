#include "config/conninfo.h"

#include "config/error.h"
#include "config/portal.h"
#include "config/uri.h"

#include <algorithm>

namespace config {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";
constexpr std::string_view keyword_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/// `keyword = value` pairs: blanks around the `=` are allowed, a value ends at a blank unless it is in single quotes,
/// and a backslash takes the next character literally, in quotes or not.
class PairParser {
public:
    PairParser(std::string_view text, const std::string& place) : text_(text), place_(place) {}

    std::vector<Parameter> parse() {
        std::vector<Parameter> parameters;
        for (skip_blanks(); !at_end(); skip_blanks()) {
            std::string keyword = take_keyword();
            std::string value = take_value();
            parameters.push_back({std::move(keyword), std::move(value), place_});
        }
        return parameters;
    }

private:
    bool at_end() const { return position_ == text_.size(); }

    bool at_blank() const { return blanks.find(text_[position_]) != blanks.npos; }

    void skip_blanks() { position_ = std::min(text_.find_first_not_of(blanks, position_), text_.size()); }

    std::string take_keyword() {
        const std::size_t begin = position_;
        position_ = std::min(text_.find_first_not_of(keyword_letters, begin), text_.size());
        const std::size_t end = position_;
        skip_blanks();
        if (end == begin || at_end() || text_[position_] != '=') {
            fail(begin, begin == text_.find_first_not_of(blanks)
                            ? "expected host=NAME or postgresql://NAME"
                            : "expected keyword=value; a value with blanks needs quotes, as in options='-c geqo=off'");
        }
        ++position_;
        skip_blanks();
        return std::string(text_.substr(begin, end - begin));
    }

    std::string take_value() {
        const std::size_t begin = position_;
        const bool is_quoted = !at_end() && text_[position_] == '\'';
        position_ += is_quoted ? 1 : 0;
        std::string value;
        for (; !at_end() && (is_quoted || !at_blank()); ++position_) {
            if (is_quoted && text_[position_] == '\'') {
                ++position_;
                return value;
            }
            if (text_[position_] == '\\' && ++position_ == text_.size()) {
                break;
            }
            value += text_[position_];
        }
        if (is_quoted) {
            fail(begin, "the quote that opens here is never closed");
        }
        return value;
    }

    [[noreturn]] void fail(std::size_t position, const std::string& problem) const {
        throw Error(place_, "character " + std::to_string(position + 1) + ": " + problem);
    }

    std::string_view text_;
    const std::string& place_;
    std::size_t position_ = 0;
};

} // namespace

std::vector<Parameter> parse_conninfo(std::string_view text, const std::string& place) {
    if (auto parameters = parse_portal_string(text, place)) {
        return std::move(*parameters);
    }
    return is_uri(text) ? parse_uri(text, place) : PairParser(text, place).parse();
}

} // namespace config
