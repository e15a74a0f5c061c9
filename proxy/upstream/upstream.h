#pragma once

#include "config/settings.h"
#include "proxy/report/metrics.h"
#include "proxy/upstream/resolver.h"
#include "tls/context.h"
#include "tls/stream.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace proxy {

/// A server, or a list of servers that stand for one another, and all that connections to it share.
/// Safe to use from all threads.
class Upstream {
public:
    /// Loads trust and keys. Throws tls::Error.
    Upstream(const config::Upstream& settings, Metrics& metrics);

    /// The same with another idea of trust than the settings have.
    Upstream(config::Upstream settings, const tls::ContextOptions& options, Metrics& metrics);

    const config::Upstream& settings() const { return settings_; }
    const std::string& name() const { return name_; } ///< "host:port", or a list of them
    const std::shared_ptr<const tls::Context>& context() const { return context_; }
    const UpstreamMetrics& metrics() const { return metrics_; }

    /// What its certificates are verified against, for the metrics.
    std::vector<TrustAnchor> trust_anchors() const;

    /// What to dial for one of the targets.
    const std::shared_ptr<HostName>& host(const config::Target& target) const {
        return hosts_.at(dialled_name(target));
    }

    /// A connect has failed: the next one is not to rely on addresses that are remembered.
    void expire_addresses() const;

    /// Notes a finished handshake: for the metrics, and for readiness.
    void record_session(const tls::Stream& stream);

    /// Notes that a server has taken a finished handshake back.
    void record_refusal();

    /// The same, if that is how a connection without a session has ended.
    void record_end(const tls::Stream& stream);

    /// What the last handshake showed; empty if none ever succeeded.
    struct Peer {
        std::string tls_version;
        std::string cipher;
        std::vector<PeerCertificate> chain;
    };
    Peer peer() const;

    /// How long ago the last handshake succeeded; duration::max() if none ever did.
    std::chrono::steady_clock::duration since_last_session() const;

private:
    static const std::string& dialled_name(const config::Target& target);
    void record_peer(const tls::Stream& stream);

    config::Upstream settings_;
    std::string name_;
    std::map<std::string, std::shared_ptr<HostName>> hosts_;
    Metrics& registry_;
    UpstreamMetrics metrics_;
    std::shared_ptr<const tls::Context> context_;
    std::atomic<std::chrono::steady_clock::time_point> last_session_{std::chrono::steady_clock::time_point::min()};
    mutable std::mutex mutex_;
    std::vector<unsigned char> leaf_signature_; // of the chain in the metrics; guarded by mutex_
    Peer peer_;                                 // guarded by mutex_
};

/// The settings of the TLS context for `settings`, with libpq's defaults for the files in ~/.postgresql filled in.
tls::ContextOptions to_context_options(const config::Upstream& settings);

/// The files and directories that `options` are made from.
std::vector<std::filesystem::path> files_of(const tls::ContextOptions& options);

} // namespace proxy
