/// What the relay pays for knowing where messages begin, and what the filter pays until AuthenticationOk.

#include "protocol/auth_filter.h"
#include "protocol/frame.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace protocol {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t one_read = std::size_t{64} * 1024;

/// A read full of messages of `size` bytes each, tag and length included.
std::vector<std::uint8_t> make_messages(std::size_t size) {
    std::vector<std::uint8_t> bytes;
    const std::size_t length = size - 1;
    while (bytes.size() + size <= one_read) {
        bytes.push_back('d');
        for (const int shift : {24, 16, 8, 0}) {
            bytes.push_back(static_cast<std::uint8_t>(length >> shift));
        }
        bytes.resize(bytes.size() + size - frame_header_size);
    }
    return bytes;
}

void walk_frames(benchmark::State& state) {
    const auto bytes = make_messages(static_cast<std::size_t>(state.range(0)));
    FrameWalker walker;
    for ([[maybe_unused]] const auto _ : state) {
        walker.walk(bytes);
        benchmark::DoNotOptimize(walker.at_boundary());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(walk_frames)->ArgName("message")->Arg(16)->Arg(100)->Arg(1000)->Arg(8000);

void watch_for_terminate(benchmark::State& state) {
    const auto bytes = make_messages(static_cast<std::size_t>(state.range(0)));
    TerminateWatch watch;
    for ([[maybe_unused]] const auto _ : state) {
        watch.walk(bytes);
        benchmark::DoNotOptimize(watch.terminated());
    }
}
BENCHMARK(watch_for_terminate)->ArgName("message")->Arg(16);

void filter_authentication(benchmark::State& state) {
    constexpr std::string_view server = "R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
                                        "R\0\0\0\x21\0\0\0\x0br=nonce,s=c2FsdA==,i=4096"
                                        "R\0\0\0\x16\0\0\0\x0cv=c2lnbmF0dXJl"
                                        "R\0\0\0\x08\0\0\0\0"sv;
    const std::vector<std::uint8_t> bytes(server.begin(), server.end());
    std::vector<std::uint8_t> output;
    for ([[maybe_unused]] const auto _ : state) {
        AuthFilter filter;
        output.clear();
        if (filter.feed(bytes, output).status != AuthFilter::Status::done) {
            state.SkipWithError("the filter did not come to AuthenticationOk");
            break;
        }
    }
}
BENCHMARK(filter_authentication);

} // namespace
} // namespace protocol
