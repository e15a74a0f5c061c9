#include "proxy/commands/enforcement.h"

#include "proxy/deadline.h"
#include "proxy/socket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <string_view>
#include <tuple>

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

Awaitable<void> probe(TcpSocket& socket, config::Target target, std::string& outcome) {
    asio::ip::tcp::resolver resolver(socket.get_executor());
    const std::string host = target.hostaddr.empty() ? target.host : target.hostaddr;
    auto resolve = resolver.async_resolve(host, std::to_string(target.port), asio::as_tuple(asio::deferred));
    auto [error, endpoints] = co_await std::move(resolve);
    if (!error) {
        auto connect = asio::async_connect(socket, endpoints, asio::as_tuple(asio::deferred));
        std::tie(error, std::ignore) = co_await std::move(connect);
    }
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
    outcome = error ? "unclear: " + error.message() : describe(tag);
}

} // namespace

std::string probe_plaintext(const config::Target& target, std::chrono::seconds limit) {
    asio::io_context context(1);
    TcpSocket socket(context);
    std::string outcome;
    asio::co_spawn(context, probe(socket, target, outcome), asio::detached);
    const Deadline deadline(context.get_executor(), limit, [&socket] { socket.close(); });
    while (outcome.empty() && context.run_one() > 0) {
    }
    return outcome;
}

} // namespace proxy
