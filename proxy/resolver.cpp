#include "proxy/resolver.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstring>
#include <functional>
#include <mutex>
#include <netdb.h>
#include <thread>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

struct Lookup::State {
    std::mutex mutex;
    std::function<void()> wake; // empty once nobody waits any more
    int error = EAI_AGAIN;
    Endpoints endpoints;
};

namespace {

Lookup::Endpoints to_endpoints(const addrinfo* list) {
    Lookup::Endpoints endpoints;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        endpoint.resize(entry->ai_addrlen);
        std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
        endpoints.push_back(endpoint);
    }
    return endpoints;
}

} // namespace

Lookup::Lookup(const asio::any_io_executor& executor)
    : woken_(std::make_shared<asio::steady_timer>(executor)), state_(std::make_shared<State>()) {}

Lookup::~Lookup() {
    const std::lock_guard lock(state_->mutex);
    state_->wake = nullptr;
}

void Lookup::cancel() {
    woken_->cancel();
}

Awaitable<Result<Lookup::Endpoints>> Lookup::resolve(std::string host, std::uint16_t port) {
    error_code not_literal;
    const asio::ip::address literal = asio::ip::make_address(host, not_literal);
    if (!not_literal) {
        co_return Endpoints{{literal, port}};
    }
    woken_->expires_at(asio::steady_timer::time_point::max());
    state_->wake = [executor = woken_->get_executor(), weak = std::weak_ptr(woken_)] {
        asio::post(executor, [weak] {
            if (const auto timer = weak.lock()) {
                timer->cancel();
            }
        });
    };
    const auto look_up = [state = state_, host, service = std::to_string(port)] {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_NUMERICSERV;
        addrinfo* list = nullptr;
        const int error = getaddrinfo(host.c_str(), service.c_str(), &hints, &list);
        const std::lock_guard lock(state->mutex);
        state->error = error;
        if (error == 0) {
            state->endpoints = to_endpoints(list);
            freeaddrinfo(list);
        }
        if (state->wake) {
            state->wake();
        }
    };
    std::thread(look_up).detach();
    auto woken = woken_->async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(woken);
    const std::lock_guard lock(state_->mutex);
    state_->wake = nullptr;
    if (state_->error != 0) {
        co_return Failure{Reason::dns,
                          "could not translate host name \"" + host + "\" to address: " + gai_strerror(state_->error),
                          {},
                          {}};
    }
    co_return std::move(state_->endpoints);
}

} // namespace proxy
