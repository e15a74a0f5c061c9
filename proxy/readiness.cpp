#include "proxy/readiness.h"

#include "proxy/connector.h"

#include <boost/asio/this_coro.hpp>

namespace proxy {

namespace asio = boost::asio;

Readiness::Readiness(std::vector<std::shared_ptr<Upstream>> upstreams, std::chrono::milliseconds max_age)
    : upstreams_(std::move(upstreams)), max_age_(max_age) {}

asio::awaitable<std::string> Readiness::obstacle() {
    const auto executor = co_await asio::this_coro::executor;
    if (!serving_) {
        co_return "shutting down";
    }
    for (const auto& upstream : upstreams_) {
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
