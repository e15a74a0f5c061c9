#include "proxy/listening/listeners.h"

#include "config/access.h"
#include "proxy/report/log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace proxy {

namespace asio = boost::asio;

namespace {

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
            Bound* bound = find(address);
            if (bound == nullptr) {
                bound = &fresh.emplace_back(Bound{address, *listener, {}});
                bind(*bound);
            }
            wanted.emplace_back(bound, *listener);
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
    bound_.splice(bound_.end(), fresh);
    metrics_.set_upstreams(upstreams);
}

/// For all of them or for none.
void Listeners::set_access(const std::vector<Wanted>& wanted) {
    std::vector<std::pair<const Acceptor*, config::Access>> before;
    try {
        for (const auto& [bound, next] : wanted) {
            for (const Acceptor& acceptor : bound->acceptors) {
                before.emplace_back(&acceptor, acceptor.access());
                acceptor.set_access(next->access);
            }
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

Listeners::Bound* Listeners::find(const config::Address& address) {
    const auto found = std::ranges::find(bound_, address, &Bound::address);
    return found == bound_.end() ? nullptr : &*found;
}

void Listeners::bind(Bound& bound) {
    for (const Acceptor::Endpoint& endpoint : to_endpoints(bound.address)) {
        Acceptor& acceptor = bound.acceptors.emplace_back(context_.get_executor(), endpoint, bound.listener->access);
        auto accept = [this, &bound](std::unique_ptr<Arrival> arrival) {
            on_accept_(bound.listener, std::move(arrival));
        };
        asio::co_spawn(context_, acceptor.run(std::move(accept)), asio::detached);
        log::info("listening", {{"listener", bound.listener->name},
                                {"address", acceptor.address()},
                                {"upstream", bound.listener->upstream->name()}});
        if (!config::is_local(bound.address)) {
            log::warn("other machines can connect, and what they send to the proxy is plaintext",
                      {{"listener", bound.listener->name}, {"address", acceptor.address()}});
        }
    }
}

std::vector<Listeners::Shown> Listeners::shown() const {
    std::vector<Shown> all;
    for (const Bound& bound : bound_) {
        auto shown = std::ranges::find(all, bound.listener, &Shown::listener);
        if (shown == all.end()) {
            shown = all.insert(all.end(), Shown{bound.listener, {}});
        }
        std::ranges::transform(bound.acceptors, std::back_inserter(shown->addresses), &Acceptor::address);
    }
    return all;
}

void Listeners::Bound::close() {
    for (Acceptor& acceptor : acceptors) {
        acceptor.close();
    }
    acceptors.clear();
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
