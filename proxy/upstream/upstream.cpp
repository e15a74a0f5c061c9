#include "proxy/upstream/upstream.h"

#include "config/address.h"
#include "tls/certificate.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <pwd.h>
#include <unistd.h>

namespace proxy {
namespace {

/// Where libpq has it from.
std::filesystem::path home_directory() {
    const char* home = std::getenv("HOME");
    if (home != nullptr && *home != '\0') {
        return home;
    }
    const passwd* user = getpwuid(geteuid()); // while the configuration loads, nobody else asks
    return user != nullptr ? user->pw_dir : "";
}

/// The path of a file in ~/.postgresql, where libpq looks for what it is not told. Empty without a home, and with a
/// relative one: the current directory may be anybody's.
std::string user_path(const char* name) {
    const std::filesystem::path home = home_directory();
    return home.is_absolute() ? (home / ".postgresql" / name).string() : std::string();
}

/// The same if the file is there, else nothing.
std::string user_file(const char* name) {
    std::string path = user_path(name);
    std::error_code error;
    return std::filesystem::exists(path, error) ? path : std::string();
}

tls::Version to_tls(config::TlsVersion version) {
    switch (version) {
    case config::TlsVersion::tls1_0: return tls::Version::tls1_0;
    case config::TlsVersion::tls1_1: return tls::Version::tls1_1;
    case config::TlsVersion::tls1_2: return tls::Version::tls1_2;
    case config::TlsVersion::tls1_3: break;
    }
    return tls::Version::tls1_3;
}

/// `require` verifies nothing, but like libpq it verifies the chain if there is a root to verify it against.
tls::Verify to_verify(config::SslMode mode, bool has_root) {
    switch (mode) {
    case config::SslMode::verify_full: return tls::Verify::full;
    case config::SslMode::verify_ca: return tls::Verify::chain;
    case config::SslMode::require: break;
    }
    return has_root ? tls::Verify::chain : tls::Verify::none;
}

std::string make_name(const config::Upstream& settings) {
    std::string name;
    for (const config::Target& target : settings.targets) {
        const std::string& host = target.host.empty() ? target.hostaddr : target.host;
        name += (name.empty() ? "" : ",") + config::to_string(config::TcpAddress{host, target.port});
    }
    return name;
}

std::string position_of(int index, const X509* certificate) {
    if (index == 0) {
        return "leaf";
    }
    return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 ? "root"
                                                                                                     : "intermediate";
}

} // namespace

tls::ContextOptions to_context_options(const config::Upstream& settings) {
    std::string root = settings.sslrootcert.empty() ? user_file("root.crt") : settings.sslrootcert;
    tls::ContextOptions options;
    options.verify = to_verify(settings.sslmode, !root.empty());
    options.root_cert = root.empty() ? "azure" : std::move(root);
    const bool crl_given = !settings.sslcrl.empty() || !settings.sslcrldir.empty();
    options.crl_file = crl_given ? settings.sslcrl.string() : user_file("root.crl");
    options.crl_directory = settings.sslcrldir.string();
    options.certificate = settings.sslcert.empty() ? user_file("postgresql.crt") : settings.sslcert.string();
    if (!options.certificate.empty()) {
        options.key = settings.sslkey.empty() ? user_path("postgresql.key") : settings.sslkey.string();
    }
    options.key_password = settings.sslpassword;
    options.ocsp_stapling = settings.ocsp_stapling;
    options.min_version = to_tls(settings.ssl_min_protocol_version);
    if (settings.ssl_max_protocol_version) {
        options.max_version = to_tls(*settings.ssl_max_protocol_version);
    }
    return options;
}

std::vector<std::filesystem::path> files_of(const tls::ContextOptions& options) {
    std::vector<std::filesystem::path> files;
    const bool built_in =
        options.root_cert == "azure" || options.root_cert == "baltimore" || options.root_cert == "system";
    const std::string root = built_in ? std::string() : options.root_cert;
    for (const std::string& file : {root, options.crl_file, options.crl_directory, options.certificate, options.key}) {
        if (!file.empty()) {
            files.emplace_back(file);
        }
    }
    return files;
}

Upstream::Upstream(const config::Upstream& settings, Metrics& metrics)
    : Upstream(settings, to_context_options(settings), metrics) {}

Upstream::Upstream(config::Upstream settings, const tls::ContextOptions& options, Metrics& metrics)
    : settings_(std::move(settings)), name_(make_name(settings_)), registry_(metrics),
      metrics_(metrics.upstream(name_)), context_(std::make_shared<const tls::Context>(options)) {
    for (const config::Target& target : settings_.targets) {
        const std::string& host = dialled_name(target);
        hosts_.try_emplace(host, std::make_shared<HostName>(host, settings_.dns_ttl));
    }
}

std::vector<TrustAnchor> Upstream::trust_anchors() const {
    std::vector<TrustAnchor> anchors;
    for (const tls::Anchor& anchor : context_->trust().anchors) {
        anchors.push_back({tls::subject(anchor.certificate.get()), anchor.not_after});
    }
    return anchors;
}

const std::string& Upstream::dialled_name(const config::Target& target) {
    return target.hostaddr.empty() ? target.host : target.hostaddr;
}

void Upstream::expire_addresses() const {
    for (const auto& [name, host] : hosts_) {
        host->expire();
    }
}

void Upstream::record_session(const tls::Stream& stream) {
    last_session_.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
    registry_.count_tls_session(name_, stream.version(), stream.cipher());
    record_peer(stream);
}

void Upstream::record_refusal() {
    last_session_.store(std::chrono::steady_clock::time_point::min(), std::memory_order_relaxed);
    metrics_.count_failure(Reason::tls_handshake);
}

void Upstream::record_end(const tls::Stream& stream) {
    if (stream.refusal()) {
        record_refusal();
    }
}

Upstream::Peer Upstream::peer() const {
    const std::lock_guard lock(mutex_);
    return peer_;
}

std::chrono::steady_clock::duration Upstream::since_last_session() const {
    const auto last = last_session_.load(std::memory_order_relaxed);
    return last == std::chrono::steady_clock::time_point::min() ? std::chrono::steady_clock::duration::max()
                                                                : std::chrono::steady_clock::now() - last;
}

/// Parses the chain only when it is another one than last time, not for every connection.
void Upstream::record_peer(const tls::Stream& stream) {
    const X509* leaf = SSL_get0_peer_certificate(stream.native());
    const ASN1_BIT_STRING* signature = nullptr;
    X509_get0_signature(&signature, nullptr, leaf);
    const auto* bytes = ASN1_STRING_get0_data(signature);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(signature));
    const std::lock_guard lock(mutex_);
    peer_.tls_version = stream.version();
    peer_.cipher = stream.cipher();
    if (std::equal(leaf_signature_.begin(), leaf_signature_.end(), bytes, bytes + size)) {
        return;
    }
    leaf_signature_.assign(bytes, bytes + size);
    // The verified chain reaches the anchor; without verification there is only what the server sent.
    const STACK_OF(X509)* verified = SSL_get0_verified_chain(stream.native());
    const STACK_OF(X509)* chain = verified != nullptr ? verified : SSL_get_peer_cert_chain(stream.native());
    peer_.chain.clear();
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509* certificate = sk_X509_value(chain, i);
        peer_.chain.push_back({position_of(i, certificate), tls::subject(certificate), tls::not_after(certificate)});
    }
    registry_.set_peer_chain(name_, peer_.chain);
}

} // namespace proxy
