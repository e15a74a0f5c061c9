#include "config/uri.h"

#include "config/error.h"
#include "config/keywords.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace config {
namespace {

constexpr std::array<std::string_view, 2> prefixes = {"postgresql://", "postgres://"};
constexpr std::string_view blanks = " \t\n\v\f\r";
constexpr std::string_view port_letters = "0123456789% \t\n\v\f\r";

std::string_view prefix_of(std::string_view text) {
    const auto found =
        std::find_if(prefixes.begin(), prefixes.end(), [&](auto prefix) { return text.starts_with(prefix); });
    return found == prefixes.end() ? std::string_view() : *found;
}

/// postgresql://[user[:password]@][host[:port],...][/dbname][?keyword=value&...]
class UriParser {
public:
    UriParser(std::string_view text, const std::string& place) : rest_(text), place_(place) {
        rest_.remove_prefix(prefix_of(text).size());
    }

    std::vector<Parameter> parse() {
        take_credentials();
        take_hosts();
        if (take('/')) {
            add_unless_empty("dbname", take_until("?"));
        }
        if (take('?')) {
            take_query();
        }
        return std::move(parameters_);
    }

private:
    void take_credentials() {
        const std::size_t end = rest_.find_first_of("@/");
        if (end == rest_.npos || rest_[end] != '@') {
            return;
        }
        add_unless_empty("user", take_until(":@"));
        if (take(':')) {
            add_unless_empty("password", take_until("@"));
        }
        take('@');
    }

    void take_hosts() {
        std::string hosts;
        std::string ports;
        for (;;) {
            hosts += take('[') ? take_bracketed_host() : take_host();
            if (take(':')) {
                ports += take_port();
            }
            if (!take(',')) {
                break;
            }
            hosts += ',';
            ports += ',';
        }
        add_unless_empty("host", hosts);
        add_unless_empty("port", ports);
    }

    std::string_view take_host() {
        const std::string_view host = take_until(":/?,");
        if (host.find('@') != host.npos) {
            fail("the host has an \"@\": in a user name or password write it as %40");
        }
        return host;
    }

    std::string_view take_bracketed_host() {
        const std::string_view host = take_until("]");
        if (!take(']')) {
            fail("a '[' is never closed; write an IPv6 address as [::1]");
        }
        if (host.empty()) {
            fail("there is no address between '[' and ']'");
        }
        if (!rest_.empty() && std::string_view(":/?,").find(rest_.front()) == std::string_view::npos) {
            fail("expected ':', ',', '/' or '?' behind ']'");
        }
        return host;
    }

    std::string_view take_port() {
        const std::string_view port = take_until("/?,");
        if (port.find_first_not_of(port_letters) != port.npos) {
            fail("the port is not a number; in a user name or password write \":\" as %3A, \"/\" as %2F, \"@\" as %40");
        }
        return port;
    }

    void take_query() {
        while (!rest_.empty()) {
            const std::string_view pair = take_until("&");
            take('&');
            const std::size_t separator = pair.find('=');
            if (separator == pair.npos || pair.find('=', separator + 1) != pair.npos) {
                fail("every query parameter is keyword=value, with \"=\" and \"&\" in a value as %3D and %26");
            }
            const std::string unnamed = "a query parameter";
            std::string keyword = decode(pair.substr(0, separator), unnamed);
            // What is no keyword may be the rest of a password with a '/' in it.
            std::string value = decode(pair.substr(separator + 1), is_keyword(keyword) ? in_quotes(keyword) : unnamed);
            // JDBC's spelling, which libpq takes too.
            if (keyword == "ssl" && value == "true") {
                keyword = "sslmode";
                value = "require";
            }
            parameters_.push_back({std::move(keyword), std::move(value), place_});
        }
    }

    void add_unless_empty(const std::string& keyword, std::string_view encoded) {
        if (!encoded.empty()) {
            parameters_.push_back({keyword, decode(encoded, keyword), place_});
        }
    }

    /// Resolves %XX. Drops blanks around, as newer libpq does with spaces: a secret often ends in a newline.
    std::string decode(std::string_view encoded, const std::string& what) const;

    bool take(char wanted) {
        const bool found = rest_.starts_with(wanted);
        rest_.remove_prefix(found ? 1 : 0);
        return found;
    }

    std::string_view take_until(std::string_view ends) {
        const std::string_view taken = rest_.substr(0, rest_.find_first_of(ends));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    [[noreturn]] void fail(const std::string& problem) const { throw Error(place_, "URI: " + problem); }

    std::string_view rest_;
    const std::string& place_;
    std::vector<Parameter> parameters_;
};

std::string UriParser::decode(std::string_view encoded, const std::string& what) const {
    const std::size_t begin = std::min(encoded.find_first_not_of(blanks), encoded.size());
    const std::size_t end = encoded.find_last_not_of(blanks) + 1;
    std::string decoded;
    for (std::size_t i = begin; i < end; ++i) {
        if (blanks.find(encoded[i]) != blanks.npos) {
            fail(what + " has a blank; write it as %20");
        }
        if (encoded[i] != '%') {
            decoded += encoded[i];
            continue;
        }
        const std::string_view digits = encoded.substr(i + 1, 2);
        unsigned char byte = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || parsed.ec != std::errc() || parsed.ptr != digits.data() + 2) {
            fail(what + " has a \"%\" without two hexadecimal digits; write a literal one as %25");
        }
        if (byte == 0) {
            fail(what + " holds %00, a NUL byte");
        }
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

} // namespace

bool is_uri(std::string_view text) {
    return !prefix_of(text).empty();
}

std::vector<Parameter> parse_uri(std::string_view text, const std::string& place) {
    return UriParser(text, place).parse();
}

} // namespace config
