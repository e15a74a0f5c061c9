#include "proxy/admin/admin.h"

#include "proxy/admin/status.h"
#include "proxy/deadline.h"
#include "proxy/report/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/serialize.hpp>

namespace proxy {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

// A connection that asks nothing is not kept longer.
constexpr std::chrono::seconds idle_limit{30};
constexpr std::size_t request_limit = 8192;

// The page is made of nothing but itself, so that nothing else may be loaded into it.
constexpr const char* content_policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                                       "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                       "frame-ancestors 'none'";

std::string_view path_of(const Admin::Request& request) {
    const auto target = request.target();
    return {target.data(), std::min(target.find('?'), target.size())};
}

} // namespace

Admin::Admin(asio::io_context& context, const config::Admin& settings, const Metrics& metrics,
             const Listeners& listeners, std::shared_ptr<Readiness> readiness, std::function<void()> quit)
    : context_(context), metrics_(metrics), listeners_(listeners), readiness_(std::move(readiness)),
      quit_(std::move(quit)), may_quit_(settings.quitquitquit) {
    for (const Acceptor::Endpoint& endpoint : to_endpoints(settings.listen.value())) {
        Acceptor& acceptor = acceptors_.emplace_back(context_.get_executor(), endpoint);
        auto accept = [this](std::unique_ptr<Arrival> arrival) { // NOLINT(performance-unnecessary-value-param)
            AppSocket socket(context_);
            arrival->move_to(socket);
            asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
        };
        asio::co_spawn(context_, acceptor.run(std::move(accept)), asio::detached);
        log::info("admin listening", {{"address", acceptor.address()}});
    }
}

Awaitable<void> Admin::serve(AppSocket socket) {
    boost::beast::flat_buffer buffer;
    for (bool keep_alive = true; keep_alive;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(request_limit);
        {
            const Deadline deadline(socket.get_executor(), idle_limit, [&socket] { socket.cancel(); });
            auto read = http::async_read(socket, buffer, parser, asio::as_tuple(asio::deferred));
            const auto [error, size] = co_await std::move(read);
            if (error) {
                co_return;
            }
        }
        const Request request = parser.release();
        Response response = co_await respond(request);
        keep_alive = response.keep_alive();
        const Deadline deadline(socket.get_executor(), idle_limit, [&socket] { socket.cancel(); });
        auto write = http::async_write(socket, response, asio::as_tuple(asio::deferred));
        const auto [error, size] = co_await std::move(write);
        keep_alive = keep_alive && !error;
        if (is_quit(path_of(request)) && response.result() == http::status::accepted) {
            quit_();
        }
    }
}

Awaitable<Admin::Response> Admin::respond(const Request& request) {
    Response response(http::status::ok, request.version());
    response.keep_alive(request.keep_alive());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.set(http::field::cache_control, "no-store");
    const std::string_view path = path_of(request);
    const http::verb method = request.method();
    const bool is_read = method == http::verb::get || method == http::verb::head;
    if (is_quit(path) ? method != http::verb::post : !is_read) {
        response.result(http::status::method_not_allowed);
        response.set(http::field::allow, is_quit(path) ? "POST" : "GET, HEAD");
    } else {
        co_await fill(response, path);
    }
    response.prepare_payload();
    if (method == http::verb::head) {
        response.body().clear();
    }
    co_return response;
}

Awaitable<void> Admin::fill(Response& response, std::string_view path) {
    if (path == "/metrics") {
        response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
        response.body() = metrics_.serialize();
    } else if (path == "/healthz") {
        response.body() = "ok\n";
    } else if (path == "/readyz") {
        const std::string obstacle = co_await readiness_->obstacle();
        response.result(obstacle.empty() ? http::status::ok : http::status::service_unavailable);
        response.body() = obstacle.empty() ? "ready\n" : obstacle + "\n";
    } else if (is_quit(path)) {
        response.result(http::status::accepted);
        response.body() = "shutting down\n";
    } else if (path == "/status.json") {
        response.set(http::field::content_type, "application/json");
        response.body() = boost::json::serialize(status()) + "\n";
    } else if (path == "/") {
        response.set(http::field::content_type, "text/html; charset=utf-8");
        response.set("Content-Security-Policy", content_policy);
        response.body() = to_html(status());
    } else {
        response.result(http::status::not_found);
        response.body() = "no such page; / leads to all there are\n";
    }
}

boost::json::object Admin::status() const {
    return describe_status(listeners_, readiness_->serving(), std::chrono::system_clock::now());
}

bool Admin::is_quit(std::string_view path) const {
    return may_quit_ && path == "/quitquitquit";
}

} // namespace proxy
