#pragma once

#include "config/settings.h"
#include "proxy/acceptor.h"
#include "proxy/metrics.h"
#include "proxy/readiness.h"
#include "proxy/socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <list>
#include <memory>
#include <string>

namespace proxy {

/// The HTTP server for operators: /metrics, /healthz, /readyz.
class Admin {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    /// Binds. Throws std::runtime_error if the address is not to be had. `metrics` must outlive it.
    Admin(boost::asio::io_context& context, const config::Address& address, const Metrics& metrics,
          std::shared_ptr<Readiness> readiness);

private:
    Awaitable<void> serve(AppSocket socket);
    Awaitable<Response> respond(Request request);

    boost::asio::io_context& context_;
    const Metrics& metrics_;
    std::shared_ptr<Readiness> readiness_;
    std::list<Acceptor> acceptors_;
};

} // namespace proxy
