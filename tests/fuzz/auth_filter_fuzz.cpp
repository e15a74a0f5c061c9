#include "protocol/auth_filter.h"
#include "protocol/authentication.h"
#include "tests/fuzz/fuzz.h"

#include <string>

using protocol::AuthFilter;

namespace {

struct Outcome {
    AuthFilter::Status status = AuthFilter::Status::running;
    std::size_t consumed = 0;
    std::vector<std::uint8_t> output;
    bool at_boundary = true;
    char last_tag = 0;
    bool operator==(const Outcome&) const = default;
};

Outcome filter(fuzz::Bytes stream, std::size_t piece_size) {
    AuthFilter filter;
    Outcome outcome;
    fuzz::in_pieces(stream, piece_size, [&](fuzz::Bytes piece) {
        const auto progress = filter.feed(piece, outcome.output);
        fuzz::require(progress.consumed <= piece.size(), "no more is consumed than there is");
        outcome.status = progress.status;
        outcome.consumed += progress.consumed;
        return progress.status == AuthFilter::Status::running;
    });
    outcome.at_boundary = filter.at_boundary();
    outcome.last_tag = filter.last_tag();
    return outcome;
}

/// The body of an AuthenticationSASL message, if `message` is one.
std::string_view sasl_offer(std::string_view message) {
    constexpr std::string_view code{"\0\0\0\x0a", 4};
    return message.starts_with('R') && message.substr(5).starts_with(code) ? message.substr(9) : std::string_view();
}

/// Walks over what the app gets, message by message.
void check_output(std::string_view output, bool at_boundary) {
    constexpr std::string_view binding{"-PLUS\0", 6};
    while (output.size() >= protocol::frame_header_size) {
        const auto* header = reinterpret_cast<const std::uint8_t*>(output.data());
        const std::size_t end = 1 + std::size_t{boost::endian::load_big_u32(header + 1)};
        fuzz::require(end >= protocol::frame_header_size, "a message has its length");
        const std::string_view offer = sasl_offer(output.substr(0, end));
        fuzz::require(offer.find(binding) == std::string_view::npos, "channel binding is never offered");
        fuzz::require(end <= output.size() || !at_boundary, "between two messages the last one is whole");
        output.remove_prefix(std::min(end, output.size()));
    }
    fuzz::require(output.empty(), "a message begins with its whole header");
}

} // namespace

/// The first byte of the input cuts the others into pieces.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const fuzz::Bytes stream(data + 1, size - 1);
    const Outcome whole = filter(stream, size);
    fuzz::require(filter(stream, 1) == whole && filter(stream, std::size_t{data[0]} + 1) == whole,
                  "the outcome does not depend on the reads");
    const std::string_view output = fuzz::as_text(whole.output);
    const std::string_view consumed = fuzz::as_text(stream.first(whole.consumed));
    fuzz::require(output.size() <= consumed.size(), "nothing is added");
    fuzz::require(consumed.find("-PLUS") != consumed.npos || consumed.starts_with(output),
                  "without channel binding everything goes through as it is");
    if (whole.status == AuthFilter::Status::done) {
        constexpr std::string_view ok{"R\0\0\0\x08\0\0\0\0", 9};
        fuzz::require(output.ends_with(ok) && whole.at_boundary, "the output ends with AuthenticationOk");
    }
    check_output(output, whole.at_boundary);
    return 0;
}
