#include "proxy/readiness.h"

#include "proxy/connector.h"

#include <boost/asio/this_coro.hpp>

namespace proxy {

namespace asio = boost::asio;

Awaitable<std::string> Readiness::obstacle() {
    const auto executor = co_await asio::this_coro::executor;
    if (!serving_) {
        co_return "shutting down";
    }
    const auto upstreams = upstreams_; // a reload may change them meanwhile
    for (const auto& upstream : upstreams) {
        if (max_age_.count() == 0 || upstream->since_last_session() <= max_age_) {
            continue;
        }
        Connector connector(executor, upstream);
        auto probe = co_await connector.connect();
        if (probe.has_error()) {
            co_return "upstream " + upstream->name() + ": " + probe.error().message;
        }
        (*probe)->shutdown();
    }
    co_return serving_ ? "" : "shutting down";
}

} // namespace proxy
