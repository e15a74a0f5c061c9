#include "tls/stapling.h"

#include "tls/certificate.h"
#include "tls/handles.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

namespace tls {
namespace {

using OcspResponse = std::unique_ptr<OCSP_RESPONSE, Free<OCSP_RESPONSE_free>>;
using OcspBasicResponse = std::unique_ptr<OCSP_BASICRESP, Free<OCSP_BASICRESP_free>>;
using OcspCertificateId = std::unique_ptr<OCSP_CERTID, Free<OCSP_CERTID_free>>;

OcspBasicResponse read_staple(SSL* ssl) {
    const unsigned char* data = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &data);
    if (data == nullptr || size <= 0) {
        return nullptr;
    }
    const OcspResponse response(d2i_OCSP_RESPONSE(nullptr, &data, size));
    const bool successful = response && OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
    return OcspBasicResponse(successful ? OCSP_response_get1_basic(response.get()) : nullptr);
}

/// Whether a single response speaks of `leaf`. The responder chose the digest of the identifier.
bool is_about(OCSP_SINGLERESP* single, const X509* leaf, const X509* issuer) {
    const OCSP_CERTID* given = OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT* algorithm = nullptr;
    OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, const_cast<OCSP_CERTID*>(given));
    const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
    if (digest == nullptr) {
        return false;
    }
    const OcspCertificateId wanted(OCSP_cert_to_id(digest, leaf, issuer));
    return wanted && OCSP_id_cmp(wanted.get(), given) == 0;
}

} // namespace

std::optional<Rejection> check_staple(SSL* ssl) {
    STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
    if (sk_X509_num(chain) < 2) {
        return std::nullopt;
    }
    const OcspBasicResponse staple = read_staple(ssl);
    X509_STORE* store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    const bool authentic = staple && OCSP_basic_verify(staple.get(), chain, store, 0) == 1;
    ERR_clear_error();
    if (!authentic) {
        return std::nullopt;
    }
    const X509* leaf = sk_X509_value(chain, 0);
    for (int i = 0; i < OCSP_resp_count(staple.get()); ++i) {
        OCSP_SINGLERESP* single = OCSP_resp_get0(staple.get(), i);
        // However old: what was revoked stays revoked.
        if (is_about(single, leaf, sk_X509_value(chain, 1)) &&
            OCSP_single_get0_status(single, nullptr, nullptr, nullptr, nullptr) == V_OCSP_CERTSTATUS_REVOKED) {
            return Rejection{"the server's certificate \"" + common_name(leaf) + "\" has been revoked",
                             "says the OCSP response that the server itself stapled",
                             "Replace the server's certificate; ocsp_stapling=0 does not ask for the response."};
        }
    }
    return std::nullopt;
}

} // namespace tls
