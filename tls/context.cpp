#include "tls/context.h"

#include "tls/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace tls {
namespace {

// PostgreSQL up to 17 accepts prime256v1 alone by default; another first guess costs a HelloRetryRequest.
constexpr const char* groups = "P-256:X25519:P-384:P-521:X448";

// Room for several records, so that one system call fetches what one wake-up brought. Freed while idle.
constexpr std::size_t read_buffer_size = std::size_t{64} * 1024;

void check(bool ok, const std::string& what) {
    if (!ok) {
        throw Error(what + ": " + drain_error_queue());
    }
}

void set_versions(SSL_CTX* context, const ContextOptions& options) {
    const int min = static_cast<int>(options.min_version);
    check(SSL_CTX_set_min_proto_version(context, min) == 1, "ssl_min_protocol_version");
    if (options.max_version) {
        check(SSL_CTX_set_max_proto_version(context, static_cast<int>(*options.max_version)) == 1,
              "ssl_max_protocol_version");
    }
}

void set_protocol(SSL_CTX* context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // PostgreSQL servers offer no resumption, so there is nothing to keep.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, read_buffer_size);
    check(SSL_CTX_set1_groups_list(context, groups) == 1, "key exchange groups");

    std::array<unsigned char, 1 + alpn_protocol.size()> alpn{static_cast<unsigned char>(alpn_protocol.size())};
    std::ranges::copy(alpn_protocol, alpn.begin() + 1);
    // The one call of OpenSSL here that returns 0 for success.
    check(SSL_CTX_set_alpn_protos(context, alpn.data(), alpn.size()) == 0, "ALPN");
}

void add_crls(X509_STORE* store, const std::vector<CertificateRevocationList>& crls, const std::string& place) {
    for (const CertificateRevocationList& crl : crls) {
        check(X509_STORE_add_crl(store, crl.get()) == 1, place);
    }
}

/// libpq ignores a CRL that cannot be loaded, and so accepts what it would have revoked. Here it is an error.
void load_crls(X509_STORE* store, const ContextOptions& options) {
    if (!options.crl_file.empty()) {
        // Like libpq, which trusts a root that stands beside the list. A file without any list is an error, though.
        const std::string place = options.crl_file + ": cannot load sslcrl";
        check(X509_STORE_load_file(store, options.crl_file.c_str()) == 1, place);
        if (parse_crls(read_file(options.crl_file, "sslcrl"), place).empty()) {
            throw Error(place + ": no revocation list in it");
        }
    }
    if (!options.crl_directory.empty()) {
        if (!std::filesystem::is_directory(options.crl_directory)) {
            throw Error(options.crl_directory + ": sslcrldir is no directory");
        }
        check(X509_STORE_load_path(store, options.crl_directory.c_str()) == 1, options.crl_directory);
    }
    if (!options.crl_file.empty() || !options.crl_directory.empty()) {
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
}

/// libpq's rule: nobody but the owner, or root's group for a key that root owns.
void check_key_permissions(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        throw Error(path + ": cannot read sslkey: " + std::strerror(errno));
    }
    const mode_t forbidden = status.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (!S_ISREG(status.st_mode) || (status.st_mode & forbidden) != 0) {
        throw Error(path +
                    ": sslkey must be a regular file that nobody else can read: chmod 0600, or 0640 if root owns it");
    }
}

int give_password(char* buffer, int size, int /*writing*/, void* password) {
    const auto& text = *static_cast<const std::string*>(password);
    if (text.size() > static_cast<std::size_t>(size)) {
        return -1;
    }
    std::ranges::copy(text, buffer);
    return static_cast<int>(text.size());
}

/// PEM, or DER like libpq.
PrivateKey parse_key(const std::string& content, std::string password) {
    const Bio in(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    if (content.find("-----BEGIN") == std::string::npos) {
        return PrivateKey(d2i_PrivateKey_bio(in.get(), nullptr));
    }
    // A password callback of our own in any case: OpenSSL's would ask on the terminal.
    return PrivateKey(PEM_read_bio_PrivateKey(in.get(), nullptr, give_password, &password));
}

void load_client_certificate(SSL_CTX* context, const ContextOptions& options) {
    if (options.certificate.empty()) {
        return;
    }
    check(SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) == 1,
          options.certificate + ": cannot load sslcert");
    if (options.key.empty()) {
        throw Error(options.certificate + ": sslcert is nothing without an sslkey");
    }
    check_key_permissions(options.key);
    const PrivateKey key = parse_key(read_file(options.key, "sslkey"), options.key_password);
    if (!key) {
        throw Error(options.key + ": cannot read sslkey (is sslpassword right?): " + drain_error_queue());
    }
    // The second call is for a key of another kind, which the first one takes.
    check(SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1,
          options.key + ": does not fit " + options.certificate);
}

} // namespace

Context::Context(const ContextOptions& options) : context_(SSL_CTX_new(TLS_client_method())), verify_(options.verify) {
    ERR_clear_error(); // what others left there is no cause of what fails here
    check(context_ != nullptr, "OpenSSL");
    set_versions(native(), options);
    set_protocol(native());
    if (verify_ != Verify::none) {
        trust_ = load_anchors(options.root_cert);
        X509_STORE* store = SSL_CTX_get_cert_store(native());
        for (const Anchor& anchor : trust_.anchors) {
            check(X509_STORE_add_cert(store, anchor.certificate.get()) == 1, trust_.source);
        }
        add_crls(store, trust_.crls, trust_.source);
        load_crls(store, options);
        SSL_CTX_set_verify(native(), SSL_VERIFY_PEER, nullptr);
        if (options.ocsp_stapling) {
            SSL_CTX_set_tlsext_status_type(native(), TLSEXT_STATUSTYPE_ocsp);
        }
    }
    load_client_certificate(native(), options);
}

} // namespace tls
