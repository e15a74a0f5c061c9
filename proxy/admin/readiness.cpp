#include "proxy/admin/readiness.h"

#include "proxy/upstream/connector.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

namespace proxy {

namespace asio = boost::asio;

namespace {

const std::string shutting_down = "shutting down";

} // namespace

Awaitable<std::string> Readiness::obstacle() {
    if (!serving_) {
        co_return shutting_down;
    }
    const bool is_first = round_ == nullptr;
    if (is_first) {
        const auto executor = co_await asio::this_coro::executor;
        round_ = std::make_shared<Round>(Round{asio::steady_timer(executor, asio::steady_timer::time_point::max())});
    }
    const auto round = round_;
    if (is_first) {
        try {
            round->obstacle = co_await probe_upstreams();
        } catch (const std::exception& error) {
            round->obstacle = error.what(); // those who wait must be told, whatever it was
        }
        round_.reset();
        round->ended.cancel();
    } else {
        auto ended = round->ended.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(ended);
    }
    co_return serving_ ? round->obstacle : shutting_down;
}

Awaitable<std::string> Readiness::probe_upstreams() {
    const auto executor = co_await asio::this_coro::executor;
    const auto upstreams = upstreams_; // a reload may change them meanwhile
    for (const auto& upstream : upstreams) {
        if (max_age_.count() == 0 || upstream->since_last_session() <= max_age_) {
            continue;
        }
        Connector connector(executor, upstream);
        auto probe = co_await connector.connect(Connector::Retry::never, Connector::Verdict::awaited);
        if (probe.has_error()) {
            co_return "upstream " + upstream->name() + ": " + probe.error().message;
        }
        (*probe)->shutdown();
    }
    co_return std::string();
}

} // namespace proxy
