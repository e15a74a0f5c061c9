#pragma once

#include "proxy/socket.h"
#include "proxy/upstream/upstream.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

/// Whether an app that connected now would be served. For one event loop.
class Readiness {
public:
    /// A handshake younger than `max_age` is proof enough for its upstream; zero: it is never asked.
    void set_max_age(std::chrono::milliseconds max_age) { max_age_ = max_age; }

    void set_upstreams(std::vector<std::shared_ptr<Upstream>> upstreams) { upstreams_ = std::move(upstreams); }
    void set_serving(bool serving) { serving_ = serving; }
    bool serving() const { return serving_; }

    /// Empty if ready, else what is in the way. Makes a handshake only with upstreams that had none lately, and only
    /// one however many ask meanwhile.
    Awaitable<std::string> obstacle();

private:
    /// A look at all upstreams that is under way. The timer, cancelled at its end, wakes those who wait for it.
    struct Round {
        boost::asio::steady_timer ended;
        std::string obstacle = {};
    };

    Awaitable<std::string> probe_upstreams();

    std::shared_ptr<Round> round_;
    std::vector<std::shared_ptr<Upstream>> upstreams_;
    std::chrono::milliseconds max_age_{0};
    bool serving_ = false;
};

} // namespace proxy
