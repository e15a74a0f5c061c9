#include "tls/verification.h"

#include "tls/certificate.h"
#include "tls/context.h"
#include "tls/error.h"
#include "tls/hostname.h"

#include <algorithm>

namespace tls {
namespace {

constexpr std::size_t names_shown = 6;

template <typename Range, typename Projection>
std::string join(const Range& items, Projection project) {
    std::string text;
    std::size_t count = 0;
    for (const auto& item : items) {
        if (count == names_shown) {
            return text + " and " + std::to_string(items.size() - names_shown) + " more";
        }
        text += (count++ == 0 ? "" : ", ") + project(item);
    }
    return text;
}

std::string quote(const std::string& text) {
    return '"' + text + '"';
}

std::string anchors_tried(const TrustAnchors& trust) {
    return "trust anchors of sslrootcert=" + trust.source + ": " +
           join(trust.anchors, [](const Anchor& anchor) { return quote(anchor.name); });
}

bool is_anchor(const X509* certificate, const TrustAnchors& trust) {
    return std::ranges::any_of(
        trust.anchors, [&](const Anchor& anchor) { return X509_cmp(anchor.certificate.get(), certificate) == 0; });
}

std::string rule(int code, const X509* certificate) {
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "expired on " + format_date(not_after(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID: return "is not valid before " + format_date(not_before(certificate));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "was issued by " + quote(issuer(certificate)) +
               ", which is neither sent by the server nor a trust anchor";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "is self-signed and not a trust anchor";
    case X509_V_ERR_CERT_REVOKED: return "has been revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL: return "cannot be checked for revocation: no CRL of its issuer";
    default: return std::string("is refused: ") + X509_verify_cert_error_string(code);
    }
}

/// Empty where the general one will do.
std::string hint(int code, bool anchor, int depth) {
    switch (code) {
    case X509_V_ERR_CERT_REVOKED: return "Replace the certificate.";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED: return "Give sslcrl or sslcrldir a current list of every CA in the chain.";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "Check this machine's clock.";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return anchor && depth > 0
                   ? "Set sslrootcert to the CA that the server's certificates come from today. Azure has moved to "
                     "DigiCert Global Root G2 and Microsoft RSA Root Certificate Authority 2017: sslrootcert=azure "
                     "has them all."
                   : "Renew it on the server, unless it is this machine's clock that is wrong.";
    default: return {};
    }
}

} // namespace

Rejection explain_chain_error(X509_STORE_CTX* store, const Context& context) {
    const int code = X509_STORE_CTX_get_error(store);
    const X509* certificate = X509_STORE_CTX_get_current_cert(store);
    if (certificate == nullptr) {
        return {X509_verify_cert_error_string(code), anchors_tried(context.trust()), {}};
    }
    const bool anchor = is_anchor(certificate, context.trust());
    const int depth = X509_STORE_CTX_get_error_depth(store);
    const std::string what = anchor       ? "the trust anchor "
                             : depth == 0 ? "the server's certificate "
                                          : "the CA certificate ";
    const std::string name = quote(common_name(certificate));
    return {what + name + " " + rule(code, certificate),
            "at depth " + std::to_string(depth) + " of the chain; " + anchors_tried(context.trust()),
            hint(code, anchor, depth)};
}

std::optional<Rejection> check_host(const X509* certificate, const std::string& host) {
    if (matches_host(certificate, host)) {
        return std::nullopt;
    }
    return Rejection{
        "the server's certificate is not for host " + quote(host), "it is for " + join(names(certificate), quote), {}};
}

std::string rehearse(const X509* leaf, STACK_OF(X509) * sent, const Certificate& anchor) {
    const CertificateStore store(X509_STORE_new());
    const VerificationContext verification(X509_STORE_CTX_new());
    if (!store || !verification || X509_STORE_add_cert(store.get(), anchor.get()) != 1 ||
        X509_STORE_CTX_init(verification.get(), store.get(), const_cast<X509*>(leaf), sent) != 1) {
        return drain_error_queue();
    }
    X509_STORE_CTX_set_default(verification.get(), "ssl_server");
    if (X509_verify_cert(verification.get()) == 1) {
        return {};
    }
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(verification.get()));
}

} // namespace tls
