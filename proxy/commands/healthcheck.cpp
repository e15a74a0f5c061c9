#include "proxy/commands/healthcheck.h"

#include "config/address.h"
#include "proxy/deadline.h"
#include "proxy/listening/acceptor.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <exception>

namespace proxy {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

// Longer than a probe of the upstream takes by default.
constexpr std::chrono::seconds answer_limit{15};
constexpr std::chrono::milliseconds retry_interval{200};
constexpr unsigned http_1_1 = 11;

Awaitable<std::string> ask(AppSocket& socket, Acceptor::Endpoint endpoint) {
    auto connect = socket.async_connect(endpoint, asio::as_tuple(asio::deferred));
    auto [error] = co_await std::move(connect);
    if (error) {
        co_return "cannot reach the admin server: " + error.message();
    }
    http::request<http::empty_body> request(http::verb::get, "/readyz", http_1_1);
    request.set(http::field::host, "localhost");
    request.keep_alive(false);
    std::size_t size = 0;
    auto write = http::async_write(socket, request, asio::as_tuple(asio::deferred));
    std::tie(error, size) = co_await std::move(write);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    if (!error) {
        auto read = http::async_read(socket, buffer, response, asio::as_tuple(asio::deferred));
        std::tie(error, size) = co_await std::move(read);
    }
    if (error) {
        co_return "no answer from the admin server: " + error.message();
    }
    co_return response.result() == http::status::ok ? "" : "not ready: " + response.body();
}

Awaitable<std::string> ask_until_ready(Acceptor::Endpoint endpoint, std::chrono::seconds wait) {
    const auto executor = co_await asio::this_coro::executor;
    const auto deadline = std::chrono::steady_clock::now() + wait;
    for (;;) {
        AppSocket socket(executor);
        std::string obstacle;
        {
            const Deadline limit(executor, answer_limit, [&socket] { socket.close(); });
            obstacle = co_await ask(socket, endpoint);
        }
        if (obstacle.empty() || std::chrono::steady_clock::now() >= deadline) {
            co_return obstacle;
        }
        asio::steady_timer pause(executor, retry_interval);
        auto paused = pause.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(paused);
    }
}

} // namespace

std::string ask_readiness(const config::Address& admin, std::chrono::seconds wait) {
    asio::io_context context(1);
    auto obstacle = asio::co_spawn(context, ask_until_ready(to_endpoints(admin).front(), wait), asio::use_future);
    context.run();
    return obstacle.get();
}

} // namespace proxy
