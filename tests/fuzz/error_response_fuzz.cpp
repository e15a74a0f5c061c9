#include "protocol/bytes.h"
#include "protocol/error_response.h"
#include "tests/fuzz/fuzz.h"

#include <map>
#include <string>

namespace {

/// The text up to the next newline, which goes too.
std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

std::string without_zeros(std::string_view text) {
    std::string result(text);
    std::erase(result, '\0');
    return result;
}

std::map<char, std::string> read_fields(std::string_view body) {
    std::map<char, std::string> fields;
    while (!body.empty() && body.front() != '\0') {
        const std::size_t end = body.find('\0');
        fuzz::require(end != body.npos, "every field ends in a zero byte");
        const bool is_new = fields.emplace(body.front(), body.substr(1, end - 1)).second;
        fuzz::require(is_new, "no text makes a field of its own");
        body.remove_prefix(end + 1);
    }
    fuzz::require(body.size() == 1, "the message ends with a zero byte");
    return fields;
}

} // namespace

/// The lines of the input are the fields.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = fuzz::as_text({data, size});
    const std::string_view sqlstate = take_line(rest);
    const std::string_view message = take_line(rest);
    const std::string_view detail = take_line(rest);
    const std::string_view hint = rest;
    const auto bytes =
        protocol::encode_error_response({.sqlstate = sqlstate, .message = message, .detail = detail, .hint = hint});

    fuzz::require(bytes.size() > 5 && bytes[0] == 'E', "it is an ErrorResponse");
    fuzz::require(boost::endian::load_big_u32(bytes.data() + 1) == bytes.size() - 1, "its length is true");
    auto fields = read_fields(fuzz::as_text(bytes).substr(5));
    fuzz::require(fields['S'] == "FATAL" && fields['V'] == "FATAL", "it is fatal");
    fuzz::require(fields['C'] == without_zeros(sqlstate) && fields['M'] == without_zeros(message) &&
                      fields['D'] == without_zeros(detail) && fields['H'] == without_zeros(hint),
                  "the fields are those that were given");
    return 0;
}
