#pragma once

#include "config/settings.h"
#include "proxy/listening/acceptor.h"
#include "proxy/listening/listener.h"
#include "proxy/report/metrics.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace proxy {

/// The listening sockets, and what new connections to them are given. For one event loop.
class Listeners {
public:
    using OnAccept = std::function<void(std::shared_ptr<const Listener> listener, std::unique_ptr<Arrival> arrival)>;

    /// `metrics` must outlive it.
    Listeners(boost::asio::io_context& context, Metrics& metrics, OnAccept on_accept);

    /// Makes it so: loads trust and keys, binds what is new, closes what is gone; sessions that exist keep what they
    /// have. Throws tls::Error or std::runtime_error, and then everything is as before.
    void apply(const config::Settings& settings);

    std::vector<std::shared_ptr<Upstream>> upstreams() const;

    /// A listener and where it really listens, for people to read.
    struct Shown {
        std::shared_ptr<const Listener> listener;
        std::vector<std::string> addresses;
    };
    std::vector<Shown> shown() const;

    const FailureHistory& failures() const { return *failures_; }

    /// Accepts no more.
    void close();

private:
    struct Bound {
        Acceptor::Endpoint endpoint; ///< as it was asked for, maybe with port 0
        std::shared_ptr<const Listener> listener;
        std::unique_ptr<Acceptor> acceptor;

        bool is_on(const Acceptor::Endpoint& wanted) const;

        /// Hands over what is in the queue, and leaves the address.
        void close();
    };

    using Wanted = std::pair<Bound*, std::shared_ptr<const Listener>>;

    static void set_access(const std::vector<Wanted>& wanted);
    std::shared_ptr<Admission> admission_of(const std::string& name) const;
    Bound* find(const Acceptor::Endpoint& endpoint, const std::string& listener, const std::vector<Wanted>& taken);
    Bound bind(const Acceptor::Endpoint& endpoint, std::shared_ptr<const Listener> listener) const;
    void open(Bound& bound);

    boost::asio::io_context& context_;
    Metrics& metrics_;
    OnAccept on_accept_;
    std::shared_ptr<FailureHistory> failures_ = std::make_shared<FailureHistory>();
    std::shared_ptr<CancelRoutes> cancel_routes_ = std::make_shared<CancelRoutes>();
    std::list<Bound> bound_;
};

} // namespace proxy
