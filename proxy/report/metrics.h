#pragma once

#include "proxy/report/failure.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

/// What is counted for one [[listener]].
struct ListenerMetrics {
    prometheus::Counter& connections;
    prometheus::Gauge& active;
    prometheus::Counter& bytes_to_server;
    prometheus::Counter& bytes_to_app;
    prometheus::Counter& cancels_forwarded;
    prometheus::Counter& cancels_failed;
    prometheus::Histogram& session_ready; ///< accept to AuthenticationOk
    std::array<prometheus::Counter*, reason_count> closed;

    prometheus::Counter& closed_by(Reason reason) const { return *closed[static_cast<std::size_t>(reason)]; }
};

/// What is counted for one upstream.
struct UpstreamMetrics {
    prometheus::Histogram& dns;
    prometheus::Histogram& tcp;
    prometheus::Histogram& ssl_request;
    prometheus::Histogram& tls;
    prometheus::Gauge& warm; ///< connections held ready
    prometheus::Counter& warm_hits;
    prometheus::Counter& warm_misses;
    prometheus::Counter& names_answered; ///< connects that had the host looked up
    prometheus::Counter& names_cached;   ///< and those that did with an answer of before
    prometheus::Counter& names_stale;    ///< or with an old one, because the look-up failed
    prometheus::Counter& names_failed;
    std::array<prometheus::Counter*, reason_count> failures; ///< null for what is no failure of an upstream

    void count_failure(Reason reason) const;
};

/// One certificate of the chain that an upstream presents.
struct PeerCertificate {
    std::string position; ///< leaf, intermediate or root
    std::string subject;
    std::chrono::sys_seconds not_after;
};

struct TrustAnchor {
    std::string subject;
    std::chrono::sys_seconds not_after;
};

/// All metrics of the process, under their names of the contract. Safe to use from all threads.
class Metrics {
public:
    Metrics();

    /// The metrics under one label value. Asked for twice, they are the same objects.
    ListenerMetrics listener(const std::string& name);
    UpstreamMetrics upstream(const std::string& name);

    void count_tls_session(const std::string& upstream, const std::string& tls_version, const std::string& cipher);

    /// The upstreams in use from now on, by name, with the anchors that each is verified against. Of all others no
    /// certificate is shown any longer.
    void set_upstreams(const std::map<std::string, std::vector<TrustAnchor>>& upstreams);

    /// Replaces the chain that the upstream was seen to present, if it is in use.
    void set_peer_chain(const std::string& upstream, const std::vector<PeerCertificate>& chain);

    void set_max_connections(unsigned limit);
    void count_reload(bool success);

    /// The exposition in Prometheus' text format.
    std::string serialize() const;

private:
    struct Families;

    std::shared_ptr<prometheus::Registry> registry_;
    std::shared_ptr<prometheus::Collectable> process_;
    std::shared_ptr<Families> families_;
};

} // namespace proxy
