/// What the TLS stream costs over a loopback connection: the calls of the relay alone, without its server.

#include "tests/tls/connection.h"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace tls {
namespace {

using Clock = std::chrono::steady_clock;

std::array<std::uint8_t, std::size_t{64} * 1024> buffer;

/// From the wake-up on: what the server has sent is received and decrypted.
void stream_read(benchmark::State& state) {
    test::Connection connection;
    connection.handshake();
    const std::string data = test::pattern(static_cast<std::size_t>(state.range(0)));
    for ([[maybe_unused]] const auto _ : state) {
        connection.server.write(data);
        Clock::duration spent{};
        for (std::size_t size = 0; size < data.size();) {
            const auto begin = Clock::now();
            connection.run(connection.readable());
            size += connection.stream.read_some(buffer).size;
            spent += Clock::now() - begin;
            connection.server.step();
        }
        state.SetIterationTime(std::chrono::duration<double>(spent).count());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(stream_read)->ArgName("bytes")->Arg(100)->Arg(8192)->Arg(65536)->UseManualTime();

void stream_write(benchmark::State& state) {
    test::Connection connection;
    connection.handshake();
    const std::string data = test::pattern(static_cast<std::size_t>(state.range(0)));
    for ([[maybe_unused]] const auto _ : state) {
        Clock::duration spent{};
        auto rest = test::as_bytes(data);
        while (!rest.empty()) {
            const auto begin = Clock::now();
            rest = rest.subspan(connection.stream.write_some(rest).size);
            spent += Clock::now() - begin;
            connection.server.read();
        }
        state.SetIterationTime(std::chrono::duration<double>(spent).count());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(stream_write)->ArgName("bytes")->Arg(100)->Arg(8192)->Arg(65536)->UseManualTime();

/// Both sides of a handshake over loopback; most of it is arithmetic.
void handshake(benchmark::State& state) {
    for ([[maybe_unused]] const auto _ : state) {
        test::Connection connection;
        if (connection.handshake()) {
            state.SkipWithError("no handshake");
            break;
        }
    }
}
BENCHMARK(handshake)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace tls
