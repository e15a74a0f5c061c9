#include "protocol/startup.h"
#include "tests/fuzz/fuzz.h"

using protocol::decode_startup_packet;
using protocol::Decoded;
using protocol::Incomplete;
using protocol::Invalid;

namespace {

constexpr std::size_t header_size = 8;
constexpr std::size_t max_size = 4 + protocol::max_startup_packet;

/// Fewer bytes are never taken for a packet, and more of them make it no other one.
void check_that_only_the_packet_counts(fuzz::Bytes input, std::size_t size) {
    for (std::size_t cut = 0; cut < size; ++cut) {
        fuzz::require(std::holds_alternative<Incomplete>(decode_startup_packet(input.first(cut))),
                      "a part of a packet is incomplete");
    }
    const auto alone = decode_startup_packet(input.first(size));
    fuzz::require(std::holds_alternative<Decoded>(alone) && std::get<Decoded>(alone).size == size,
                  "a packet is the same without what stands behind it");
}

void check_suffix(fuzz::Bytes input, const Decoded& before) {
    constexpr std::string_view suffix = "@server";
    std::vector<std::uint8_t> bytes(input.begin(), input.end());
    protocol::append_to_user(bytes, suffix);
    const std::size_t grown = bytes.size() - input.size();
    fuzz::require(grown == 0 || grown == suffix.size(), "the suffix is appended once or not at all");
    const fuzz::Bytes rest = input.subspan(before.size);
    fuzz::require(std::equal(rest.begin(), rest.end(), bytes.end() - static_cast<std::ptrdiff_t>(rest.size())),
                  "what stands behind the packet stays");
    if (before.size + grown <= max_size) {
        const auto after = decode_startup_packet(bytes);
        fuzz::require(std::holds_alternative<Decoded>(after) && std::get<Decoded>(after).size == before.size + grown &&
                          std::holds_alternative<protocol::StartupMessage>(std::get<Decoded>(after).packet),
                      "a longer user name leaves a startup message");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Bytes input(data, size);
    const auto result = decode_startup_packet(input);
    if (const auto* invalid = std::get_if<Invalid>(&result)) {
        fuzz::require(!invalid->reason.empty(), "a refusal has a reason");
    } else if (const auto* decoded = std::get_if<Decoded>(&result)) {
        fuzz::require(decoded->size >= header_size && decoded->size <= std::min(size, max_size),
                      "a packet is within its bounds and the input");
        check_that_only_the_packet_counts(input, decoded->size);
        if (std::holds_alternative<protocol::StartupMessage>(decoded->packet)) {
            check_suffix(input, *decoded);
        }
    }
    return 0;
}
