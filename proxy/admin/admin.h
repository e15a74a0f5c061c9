#pragma once

#include "config/settings.h"
#include "proxy/admin/readiness.h"
#include "proxy/listening/acceptor.h"
#include "proxy/listening/listeners.h"
#include "proxy/report/metrics.h"
#include "proxy/socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace proxy {

/// The HTTP server for operators: a status page at /, the same as /status.json, /metrics, /healthz, /readyz and, where
/// allowed, /quitquitquit.
class Admin {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    /// Binds settings.listen, which must be there. Throws std::runtime_error if it is not to be had. `metrics` and
    /// `listeners` must outlive it. `quit` is called once the answer to /quitquitquit is on its way.
    Admin(boost::asio::io_context& context, const config::Admin& settings, const Metrics& metrics,
          const Listeners& listeners, std::shared_ptr<Readiness> readiness, std::function<void()> quit);

    /// Whether POST /quitquitquit is answered from now on.
    void allow_quit(bool allowed) { may_quit_ = allowed; }

private:
    Awaitable<void> serve(AppSocket socket);
    Awaitable<Response> respond(const Request& request);
    Awaitable<void> fill(Response& response, std::string_view path);
    boost::json::object status() const;
    bool is_quit(std::string_view path) const;

    boost::asio::io_context& context_;
    const Metrics& metrics_;
    const Listeners& listeners_;
    std::shared_ptr<Readiness> readiness_;
    std::function<void()> quit_;
    bool may_quit_;
    std::list<Acceptor> acceptors_;
};

} // namespace proxy
