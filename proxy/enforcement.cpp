#include "proxy/enforcement.h"

#include "proxy/deadline.h"
#include "proxy/resolver.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <string_view>

namespace proxy {

namespace asio = boost::asio;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view startup_message = "\0\0\0\x2f\0\3\0\0user\0pg_tls_proxy_check\0database\0none\0\0"sv;
static_assert(startup_message.size() == 0x2f);

/// Judges by the kind of the answer alone: its text is not authenticated.
std::string describe(std::uint8_t tag) {
    switch (tag) {
    case 'E': return "enforced: the server refuses a connection without TLS";
    case 'R': return "NOT enforced: the server goes on to authentication without TLS";
    default: return "unclear: the server answered with something else";
    }
}

Awaitable<std::string> probe(TcpSocket& socket, config::Target target) {
    Lookup lookup(socket.get_executor());
    const std::string host = target.hostaddr.empty() ? target.host : target.hostaddr;
    const auto endpoints = co_await lookup.resolve(host, target.port);
    if (endpoints.has_error()) {
        co_return "unclear: " + endpoints.error().message;
    }
    auto connect = socket.async_connect(endpoints->front(), asio::as_tuple(asio::deferred));
    auto [error] = co_await std::move(connect);
    std::uint8_t tag = 0;
    std::size_t size = 0;
    if (!error) {
        auto write = asio::async_write(socket, asio::buffer(startup_message), asio::as_tuple(asio::deferred));
        std::tie(error, size) = co_await std::move(write);
    }
    if (!error) {
        auto read = socket.async_read_some(asio::buffer(&tag, 1), asio::as_tuple(asio::deferred));
        std::tie(error, size) = co_await std::move(read);
    }
    co_return error ? "unclear: " + error.message() : describe(tag);
}

} // namespace

std::string probe_plaintext(const config::Target& target, std::chrono::seconds limit) {
    asio::io_context context(1);
    TcpSocket socket(context);
    auto outcome = asio::co_spawn(context, probe(socket, target), asio::use_future);
    {
        const Deadline deadline(context.get_executor(), limit, [&socket] { socket.close(); });
        while (outcome.wait_for(std::chrono::seconds(0)) != std::future_status::ready && context.run_one() > 0) {
        }
    }
    return outcome.get();
}

} // namespace proxy
