#include "config/pair_scanner.h"

#include "config/error.h"

#include <algorithm>

namespace config {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";
constexpr std::string_view quotes = "\"'";
constexpr std::string_view opening = "([{";
constexpr std::string_view closing = ")]}";
constexpr std::string_view key_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \t";

std::string_view without_trailing_blanks(std::string_view text) {
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789") == text.npos;
}

std::string character(std::size_t position) {
    return "character " + std::to_string(position + 1);
}

/// Where the quote that opens at `begin` is closed, or `begin` when it is not. A backslash takes the next character.
std::size_t closing_quote(std::string_view text, std::size_t begin) {
    for (std::size_t i = begin + 1; i < text.size(); i += text[i] == '\\' ? 2U : 1U) {
        if (text[i] == text[begin]) {
            return i;
        }
    }
    return begin;
}

class PairScanner {
public:
    PairScanner(std::string_view whole, std::string_view text, const PairNotation& notation)
        : position_(static_cast<std::size_t>(text.data() - whole.data())),
          text_(whole.substr(0, position_ + text.size())), notation_(notation) {}

    std::vector<Pair> scan() {
        std::vector<Pair> pairs;
        for (skip_separators(); !at_end(); skip_separators()) {
            Pair pair;
            const std::size_t begin = position_;
            pair.place = character(begin);
            pair.key = take_key();
            if (pair.key.empty()) {
                fail(begin, "expected a key and its value");
            }
            skip(blanks);
            const bool is_quoted = at_any(quotes);
            pair.value = is_quoted ? take_quoted() : take_unquoted();
            pair.is_expression = notation_.is_code && !is_quoted && !is_number(pair.value);
            expect_separator();
            pairs.push_back(std::move(pair));
        }
        return pairs;
    }

    std::string_view take_key() {
        take(":");
        const std::string_view quote = at_any(quotes) ? text_.substr(position_, 1) : std::string_view();
        take(quote);
        const std::size_t begin = position_;
        skip(key_letters);
        const std::string_view key = without_trailing_blanks(text_.substr(begin, position_ - begin));
        if (!take(quote)) {
            return {};
        }
        skip(blanks);
        return take("=>") || take("=") || take(":") ? key : std::string_view();
    }

private:
    std::string_view take_quoted() {
        const std::size_t begin = position_;
        const std::size_t end = closing_quote(text_, begin);
        if (end == begin) {
            fail(begin, "the quote that opens here is never closed");
        }
        position_ = end + 1;
        return text_.substr(begin + 1, end - begin - 1);
    }

    /// Up to a separator; in code, up to one that is in no brackets and no quotes.
    std::string_view take_unquoted() {
        const std::size_t begin = position_;
        std::size_t depth = 0;
        while (position_ < text_.size() && (depth != 0 || !(at_any(notation_.separators) || at_end()))) {
            if (notation_.is_code && at_any(quotes)) {
                take_quoted();
                continue;
            }
            if (notation_.is_code) {
                depth += at_any(opening) ? 1U : 0U;
                depth -= at_any(closing) ? 1U : 0U;
            }
            ++position_;
        }
        return without_trailing_blanks(text_.substr(begin, position_ - begin));
    }

    void skip_separators() {
        for (skip(blanks); position_ < text_.size() && at_any(notation_.separators); skip(blanks)) {
            ++position_;
        }
    }

    void expect_separator() {
        if (notation_.separators.find(' ') == std::string_view::npos) {
            skip(blanks);
        }
        if (!at_end() && !at_any(notation_.separators)) {
            fail(position_, "expected the end of the value in front of it");
        }
    }

    bool at_end() const { return position_ >= text_.size() || (notation_.is_code && at_any(closing)); }

    bool at_any(std::string_view characters) const {
        return position_ < text_.size() && characters.find(text_[position_]) != std::string_view::npos;
    }

    void skip(std::string_view characters) {
        position_ = std::min(text_.find_first_not_of(characters, position_), text_.size());
    }

    bool take(std::string_view wanted) {
        const bool found = position_ <= text_.size() && text_.substr(position_).starts_with(wanted);
        position_ += found ? wanted.size() : 0;
        return found;
    }

    [[noreturn]] static void fail(std::size_t position, const std::string& problem) {
        throw Error(character(position), problem);
    }

    std::size_t position_;
    std::string_view text_;
    const PairNotation& notation_;
};

} // namespace

std::string_view leading_key(std::string_view text) {
    const PairNotation notation;
    return PairScanner(text, text, notation).take_key();
}

std::string_view leading_quoted(std::string_view text) {
    const bool is_quoted = !text.empty() && quotes.find(text.front()) != quotes.npos;
    const std::size_t end = is_quoted ? closing_quote(text, 0) : 0;
    return end == 0 ? std::string_view() : text.substr(1, end - 1);
}

std::vector<Pair> scan_pairs(std::string_view whole, std::string_view text, const PairNotation& notation) {
    return PairScanner(whole, text, notation).scan();
}

} // namespace config
