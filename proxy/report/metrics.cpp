#include "proxy/report/metrics.h"

#include "proxy/report/log.h"
#include "proxy/report/process_metrics.h"
#include "proxy/version.h"

#include <prometheus/text_serializer.h>

#include <mutex>
#include <set>
#include <utility>

namespace proxy {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Family;

// From a warm pool on the same machine to a server across the world that is just waking up.
const prometheus::Histogram::BucketBoundaries seconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                         0.1,   0.25,   0.5,   1,    2.5,   10};

bool is_upstream_failure(Reason reason) {
    switch (reason) {
    case Reason::dns:
    case Reason::connect:
    case Reason::timeout:
    case Reason::tls_refused:
    case Reason::tls_protocol:
    case Reason::tls_handshake:
    case Reason::certificate:
    case Reason::hostname: return true;
    default: return false;
    }
}

double to_epoch(std::chrono::sys_seconds time) {
    return static_cast<double>(time.time_since_epoch().count());
}

} // namespace

struct Metrics::Families {
    template <typename Metric, typename Builder>
    static Family<Metric>& make(prometheus::Registry& registry, Builder builder, const char* name, const char* help) {
        return builder.Name(std::string("pg_tls_proxy_") + name).Help(help).Register(registry);
    }
    static Family<prometheus::Counter>& counter(prometheus::Registry& registry, const char* name, const char* help) {
        return make<prometheus::Counter>(registry, BuildCounter(), name, help);
    }
    static Family<prometheus::Gauge>& gauge(prometheus::Registry& registry, const char* name, const char* help) {
        return make<prometheus::Gauge>(registry, BuildGauge(), name, help);
    }
    static Family<prometheus::Histogram>& histogram(prometheus::Registry& registry, const char* name,
                                                    const char* help) {
        return make<prometheus::Histogram>(registry, BuildHistogram(), name, help);
    }

    explicit Families(prometheus::Registry& r)
        : build_info(gauge(r, "build_info", "Always 1; the labels tell what runs.")),
          connections(counter(r, "client_connections_total", "Client connections accepted.")),
          active(gauge(r, "client_connections", "Client connections open now.")),
          closed(counter(r, "client_connections_closed_total", "Client connections ended, by reason.")),
          connect_failures(
              counter(r, "upstream_connect_failures_total", "Failed connects to the upstream, by reason.")),
          connect_duration(
              histogram(r, "upstream_connect_duration_seconds", "Time that each phase of a connect took.")),
          resolutions(counter(r, "name_resolutions_total", "Host names resolved for connects, by where from.")),
          session_ready(histogram(r, "session_ready_duration_seconds", "From accept to AuthenticationOk.")),
          bytes(counter(r, "bytes_total", "Bytes of the PostgreSQL protocol relayed.")),
          tls_sessions(counter(r, "tls_sessions_total", "TLS sessions made with the upstream.")),
          cancels(counter(r, "cancel_requests_total", "CancelRequests, all of them sent inside TLS.")),
          peer_certificates(gauge(r, "peer_certificate_not_after_seconds",
                                  "Expiry of the certificates that the upstream presents, as a Unix time.")),
          trust_anchors(gauge(r, "trust_anchor_not_after_seconds", "Expiry of the trust anchors, as a Unix time.")),
          warm(gauge(r, "warm_connections", "Connections to the upstream that are held ready, TLS and all.")),
          warm_taken(counter(r, "warm_connections_taken_total",
                             "Sessions that wanted a warm connection, by whether there was one.")),
          max_connections(gauge(r, "max_connections", "The limit of client connections that may go to a server.")),
          reloads(counter(r, "config_reloads_total", "Reloads of the configuration and its files, by result.")),
          last_reload(
              gauge(r, "config_last_reload_successful", "Whether the last load of the configuration succeeded.")),
          log_lines_lost(counter(r, "log_lines_lost_total", "Log lines that found no room on standard error.")) {}

    Family<prometheus::Gauge>& build_info;
    Family<prometheus::Counter>& connections;
    Family<prometheus::Gauge>& active;
    Family<prometheus::Counter>& closed;
    Family<prometheus::Counter>& connect_failures;
    Family<prometheus::Histogram>& connect_duration;
    Family<prometheus::Counter>& resolutions;
    Family<prometheus::Histogram>& session_ready;
    Family<prometheus::Counter>& bytes;
    Family<prometheus::Counter>& tls_sessions;
    Family<prometheus::Counter>& cancels;
    Family<prometheus::Gauge>& peer_certificates;
    Family<prometheus::Gauge>& trust_anchors;
    Family<prometheus::Gauge>& warm;
    Family<prometheus::Counter>& warm_taken;
    Family<prometheus::Gauge>& max_connections;
    Family<prometheus::Counter>& reloads;
    Family<prometheus::Gauge>& last_reload;
    Family<prometheus::Counter>& log_lines_lost;

    struct Expiry {
        prometheus::Labels labels;
        std::chrono::sys_seconds not_after;
    };

    /// Certificates come and go: those of before must not stay behind as if they were still in use. Under mutex.
    void replace(Family<prometheus::Gauge>& family, const std::string& upstream, const std::vector<Expiry>& expiries) {
        std::vector<prometheus::Gauge*>& gauges = shown[{&family, upstream}];
        for (prometheus::Gauge* gauge : gauges) {
            family.Remove(gauge);
        }
        gauges.clear();
        for (const Expiry& expiry : expiries) {
            gauges.push_back(&family.Add(expiry.labels));
            gauges.back()->Set(to_epoch(expiry.not_after));
        }
    }

    std::mutex mutex;
    /// What is shown for an upstream in each of the families; guarded by mutex.
    std::map<std::pair<Family<prometheus::Gauge>*, std::string>, std::vector<prometheus::Gauge*>> shown;
    std::set<std::string> upstreams; ///< those in use; guarded by mutex
};

void UpstreamMetrics::count_failure(Reason reason) const {
    if (prometheus::Counter* counter = failures[static_cast<std::size_t>(reason)]) {
        counter->Increment();
    }
}

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()), process_(std::make_shared<ProcessMetrics>()),
      families_(std::make_shared<Families>(*registry_)) {
    families_->build_info
        .Add({{"version", std::string(version)}, {"revision", std::string(revision)}, {"openssl", openssl_version()}})
        .Set(1);
    for (const char* result : {"success", "failure"}) {
        families_->reloads.Add({{"result", result}});
    }
    families_->last_reload.Add({}).Set(1);
}

ListenerMetrics Metrics::listener(const std::string& name) {
    Families& f = *families_;
    const auto bytes = [&](const char* direction) -> prometheus::Counter& {
        return f.bytes.Add({{"listener", name}, {"direction", direction}});
    };
    const auto cancels = [&](const char* outcome) -> prometheus::Counter& {
        return f.cancels.Add({{"listener", name}, {"outcome", outcome}});
    };
    ListenerMetrics metrics{.connections = f.connections.Add({{"listener", name}}),
                            .active = f.active.Add({{"listener", name}}),
                            .bytes_to_server = bytes("to_server"),
                            .bytes_to_app = bytes("to_app"),
                            .cancels_forwarded = cancels("forwarded"),
                            .cancels_failed = cancels("failed"),
                            .session_ready = f.session_ready.Add({{"listener", name}}, seconds),
                            .closed = {}};
    for (std::size_t i = 0; i < reason_count; ++i) {
        const std::string label(info(static_cast<Reason>(i)).label);
        metrics.closed[i] = &f.closed.Add({{"listener", name}, {"reason", label}});
    }
    return metrics;
}

UpstreamMetrics Metrics::upstream(const std::string& name) {
    Families& f = *families_;
    const auto phase = [&](const char* label) -> prometheus::Histogram& {
        return f.connect_duration.Add({{"upstream", name}, {"phase", label}}, seconds);
    };
    const auto resolution = [&](const char* result) -> prometheus::Counter& {
        return f.resolutions.Add({{"upstream", name}, {"result", result}});
    };
    UpstreamMetrics metrics{.dns = phase("dns"),
                            .tcp = phase("tcp"),
                            .ssl_request = phase("ssl_request"),
                            .tls = phase("tls"),
                            .warm = f.warm.Add({{"upstream", name}}),
                            .warm_hits = f.warm_taken.Add({{"upstream", name}, {"result", "hit"}}),
                            .warm_misses = f.warm_taken.Add({{"upstream", name}, {"result", "miss"}}),
                            .names_answered = resolution("answered"),
                            .names_cached = resolution("cached"),
                            .names_stale = resolution("stale"),
                            .names_failed = resolution("failed"),
                            .failures = {}};
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        if (is_upstream_failure(reason)) {
            const std::string label(info(reason).label);
            metrics.failures[i] = &f.connect_failures.Add({{"upstream", name}, {"reason", label}});
        }
    }
    return metrics;
}

void Metrics::count_tls_session(const std::string& upstream, const std::string& tls_version,
                                const std::string& cipher) {
    families_->tls_sessions.Add({{"upstream", upstream}, {"version", tls_version}, {"cipher", cipher}}).Increment();
}

void Metrics::set_upstreams(const std::map<std::string, std::vector<TrustAnchor>>& upstreams) {
    Families& f = *families_;
    const std::lock_guard lock(f.mutex);
    for (const std::string& before : std::exchange(f.upstreams, {})) {
        if (!upstreams.contains(before)) {
            f.replace(f.peer_certificates, before, {});
            f.replace(f.trust_anchors, before, {});
        }
    }
    for (const auto& [upstream, anchors] : upstreams) {
        std::vector<Families::Expiry> expiries;
        for (const TrustAnchor& anchor : anchors) {
            expiries.push_back({{{"upstream", upstream}, {"subject", anchor.subject}}, anchor.not_after});
        }
        f.replace(f.trust_anchors, upstream, expiries);
        f.upstreams.insert(upstream);
    }
}

void Metrics::set_peer_chain(const std::string& upstream, const std::vector<PeerCertificate>& chain) {
    std::vector<Families::Expiry> expiries;
    for (const PeerCertificate& certificate : chain) {
        const prometheus::Labels labels{
            {"upstream", upstream}, {"position", certificate.position}, {"subject", certificate.subject}};
        expiries.push_back({labels, certificate.not_after});
    }
    const std::lock_guard lock(families_->mutex);
    if (families_->upstreams.contains(upstream)) { // a connect of before a reload may end after it
        families_->replace(families_->peer_certificates, upstream, expiries);
    }
}

void Metrics::set_max_connections(unsigned limit) {
    families_->max_connections.Add({}).Set(limit);
}

void Metrics::count_reload(bool success) {
    families_->reloads.Add({{"result", success ? "success" : "failure"}}).Increment();
    families_->last_reload.Add({}).Set(success ? 1 : 0);
}

std::string Metrics::serialize() const {
    prometheus::Counter& lost = families_->log_lines_lost.Add({});
    lost.Increment(static_cast<double>(log::lines_lost()) - lost.Value());
    std::vector<prometheus::MetricFamily> families = registry_->Collect();
    for (auto& family : process_->Collect()) {
        families.push_back(std::move(family));
    }
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace proxy
