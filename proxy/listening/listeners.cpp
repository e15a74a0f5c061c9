#include "proxy/listening/listeners.h"

#include "proxy/report/log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace proxy {

namespace asio = boost::asio;

namespace {

/// Whether one of them is the other's wildcard, so that the kernel gives out only one.
bool overlap(const Acceptor::Endpoint& one, const Acceptor::Endpoint& other) {
    const auto a = to_tcp(one);
    const auto b = to_tcp(other);
    return a && b && a->protocol() == b->protocol() && a->port() == b->port() &&
           (a->address().is_unspecified() || b->address().is_unspecified());
}

void restore(const Acceptor& acceptor, const config::Access& access) {
    try {
        acceptor.set_access(access);
    } catch (const std::exception& error) { // the socket that failed fails again
        log::debug("not restored", {{"error", error.what()}});
    }
}

} // namespace

Listeners::Listeners(asio::io_context& context, Metrics& metrics, OnAccept on_accept)
    : context_(context), metrics_(metrics), on_accept_(std::move(on_accept)) {}

void Listeners::apply(const config::Settings& settings) {
    // First what needs no socket: a file that does not load must not cost an address.
    std::vector<std::shared_ptr<const Listener>> listeners;
    std::map<std::string, std::vector<TrustAnchor>> upstreams;
    for (const config::Listener& listener : settings.listeners) {
        listeners.push_back(std::make_shared<Listener>(
            Listener{listener.name, std::make_shared<Upstream>(listener.upstream, metrics_),
                     metrics_.listener(listener.name), listener.user_suffix, listener.access,
                     admission_of(listener.name), failures_, cancel_routes_, settings.limits}));
        const Upstream& upstream = *listeners.back()->upstream;
        upstreams[upstream.name()] = upstream.trust_anchors();
    }
    std::list<Bound> fresh;
    std::vector<Wanted> wanted;
    auto listener = listeners.begin();
    for (const config::Listener& configured : settings.listeners) {
        for (const config::Address& address : configured.address) {
            for (const Acceptor::Endpoint& endpoint : to_endpoints(address)) {
                Bound* bound = find(endpoint, configured.name, wanted);
                wanted.emplace_back(bound != nullptr ? bound : &fresh.emplace_back(bind(endpoint, *listener)),
                                    *listener);
            }
        }
        ++listener;
    }
    set_access(wanted);
    // Nothing can fail from here on.
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        listeners[i]->admission->set_limit(settings.listeners[i].max_connections.value_or(Admission::unlimited));
    }
    std::set<Bound*> kept;
    for (auto& [bound, next] : wanted) {
        bound->listener = std::move(next);
        kept.insert(bound);
    }
    std::erase_if(bound_, [&](Bound& bound) {
        const bool gone = !kept.contains(&bound);
        if (gone) {
            bound.close();
        }
        return gone;
    });
    std::ranges::for_each(fresh, [this](Bound& bound) { open(bound); });
    bound_.splice(bound_.end(), fresh);
    metrics_.set_upstreams(upstreams);
}

/// For all of them or for none.
void Listeners::set_access(const std::vector<Wanted>& wanted) {
    std::vector<std::pair<const Acceptor*, config::Access>> before;
    try {
        for (const auto& [bound, next] : wanted) {
            before.emplace_back(bound->acceptor.get(), bound->acceptor->access());
            bound->acceptor->set_access(next->access);
        }
    } catch (...) {
        for (const auto& [acceptor, access] : before) {
            restore(*acceptor, access);
        }
        throw;
    }
}

std::shared_ptr<Admission> Listeners::admission_of(const std::string& name) const {
    for (const Bound& bound : bound_) {
        if (bound.listener->name == name) {
            return bound.listener->admission;
        }
    }
    return std::make_shared<Admission>("max_connections of listener " + name, Admission::unlimited);
}

bool Listeners::Bound::is_on(const Acceptor::Endpoint& wanted) const {
    return endpoint == wanted || acceptor->endpoint() == wanted;
}

/// The one that listens there already, by whatever name, unless it is taken; of several (port 0) that of `listener`.
Listeners::Bound* Listeners::find(const Acceptor::Endpoint& endpoint, const std::string& listener,
                                  const std::vector<Wanted>& taken) {
    Bound* found = nullptr;
    for (Bound& bound : bound_) {
        const bool is_free = std::ranges::find(taken, &bound, &Wanted::first) == taken.end();
        if (bound.is_on(endpoint) && is_free && (found == nullptr || bound.listener->name == listener)) {
            found = &bound;
        }
    }
    return found;
}

Listeners::Bound Listeners::bind(const Acceptor::Endpoint& endpoint, std::shared_ptr<const Listener> listener) const {
    try {
        auto acceptor = std::make_unique<Acceptor>(context_.get_executor(), endpoint, listener->access);
        return Bound{endpoint, std::move(listener), std::move(acceptor)};
    } catch (const std::runtime_error& error) {
        const auto holder = std::ranges::find_if(
            bound_, [&](const Bound& bound) { return overlap(bound.acceptor->endpoint(), endpoint); });
        if (holder == bound_.end()) {
            throw;
        }
        throw std::runtime_error(std::string(error.what()) + ", by listener " + holder->listener->name + " on " +
                                 holder->acceptor->address());
    }
}

void Listeners::open(Bound& bound) {
    auto accept = [this, &bound](std::unique_ptr<Arrival> arrival) { on_accept_(bound.listener, std::move(arrival)); };
    asio::co_spawn(context_, bound.acceptor->run(std::move(accept)), asio::detached);
    const std::string address = bound.acceptor->address();
    log::info(
        "listening",
        {{"listener", bound.listener->name}, {"address", address}, {"upstream", bound.listener->upstream->name()}});
    if (const auto tcp = to_tcp(bound.acceptor->endpoint()); tcp && !tcp->address().is_loopback()) {
        log::warn("other machines can connect, and what they send to the proxy is plaintext",
                  {{"listener", bound.listener->name}, {"address", address}});
    }
}

std::vector<Listeners::Shown> Listeners::shown() const {
    std::vector<Shown> all;
    for (const Bound& bound : bound_) {
        auto shown = std::ranges::find(all, bound.listener, &Shown::listener);
        if (shown == all.end()) {
            shown = all.insert(all.end(), Shown{bound.listener, {}});
        }
        if (bound.acceptor) {
            shown->addresses.push_back(bound.acceptor->address());
        }
    }
    return all;
}

void Listeners::Bound::close() {
    if (acceptor) {
        acceptor->close();
        acceptor.reset();
    }
}

void Listeners::close() {
    for (Bound& bound : bound_) {
        bound.close();
    }
}

std::vector<std::shared_ptr<Upstream>> Listeners::upstreams() const {
    std::vector<std::shared_ptr<Upstream>> upstreams;
    for (const Bound& bound : bound_) {
        if (std::ranges::find(upstreams, bound.listener->upstream) == upstreams.end()) {
            upstreams.push_back(bound.listener->upstream);
        }
    }
    return upstreams;
}

} // namespace proxy
