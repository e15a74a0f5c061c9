#pragma once

#include "tls/handles.h"

#include <openssl/pem.h>

#include <arpa/inet.h>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Keys, certificates and revocation lists, made in memory without the code under test.
namespace tls::test {

using namespace std::chrono_literals;
using std::string_view_literals::operator""sv;

using Crl = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;

struct Identity {
    Certificate certificate;
    PrivateKey key;
};

/// One subject alternative name; `bytes` may hold anything, zeros included.
struct AlternativeName {
    int type;
    std::string bytes;
};

inline AlternativeName dns(std::string_view name) {
    return {GEN_DNS, std::string(name)};
}

inline AlternativeName email(std::string_view address) {
    return {GEN_EMAIL, std::string(address)};
}

inline AlternativeName ip(const char* address) {
    std::string bytes(sizeof(in6_addr), '\0');
    if (inet_pton(AF_INET6, address, bytes.data()) != 1) {
        bytes.resize(sizeof(in_addr));
        inet_pton(AF_INET, address, bytes.data());
    }
    return {GEN_IPADD, bytes};
}

struct CertificateOptions {
    std::vector<std::string> common_names = {"localhost"};
    std::vector<AlternativeName> names = {};
    std::string organization = {};
    bool ca = false;
    std::chrono::seconds not_before = -1h; ///< from now
    std::chrono::seconds not_after = 24h;  ///< from now
    long serial = 1;
};

inline void require(bool ok) {
    if (!ok) {
        throw std::runtime_error("OpenSSL does not make what a test needs");
    }
}

inline PrivateKey make_key() {
    return PrivateKey(EVP_EC_gen("P-256"));
}

inline void add_to_subject(X509* certificate, int part, const std::string& text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    require(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), part, V_ASN1_UTF8STRING, bytes,
                                       static_cast<int>(text.size()), -1, 0) == 1);
}

inline void add_alternative_names(X509* certificate, const std::vector<AlternativeName>& names) {
    const GeneralNames list(GENERAL_NAMES_new());
    for (const AlternativeName& name : names) {
        ASN1_STRING* value = ASN1_STRING_type_new(name.type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
        require(ASN1_STRING_set(value, name.bytes.data(), static_cast<int>(name.bytes.size())) == 1);
        GENERAL_NAME* entry = GENERAL_NAME_new();
        GENERAL_NAME_set0_value(entry, name.type, value);
        require(sk_GENERAL_NAME_push(list.get(), entry) > 0);
    }
    require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1);
}

inline void mark_as_ca(X509* certificate) {
    const std::unique_ptr<BASIC_CONSTRAINTS, Free<BASIC_CONSTRAINTS_free>> constraints(BASIC_CONSTRAINTS_new());
    constraints->ca = 1;
    require(X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints.get(), 1, X509V3_ADD_DEFAULT) == 1);
}

/// A certificate with a key of its own, signed by `issuer`, or by itself without one.
inline Identity make_identity(const CertificateOptions& options, const Identity* issuer = nullptr) {
    Identity made{Certificate(X509_new()), make_key()};
    X509* certificate = made.certificate.get();
    require(X509_set_version(certificate, X509_VERSION_3) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), options.serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), options.not_before.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate), options.not_after.count());
    X509_set_pubkey(certificate, made.key.get());
    if (!options.organization.empty()) {
        add_to_subject(certificate, NID_organizationName, options.organization);
    }
    for (const std::string& name : options.common_names) {
        add_to_subject(certificate, NID_commonName, name);
    }
    if (!options.names.empty()) {
        add_alternative_names(certificate, options.names);
    }
    if (options.ca) {
        mark_as_ca(certificate);
    }
    const Identity& signer = issuer != nullptr ? *issuer : made;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
    require(X509_sign(certificate, signer.key.get(), EVP_sha256()) > 0);
    return made;
}

inline Identity make_ca(const std::string& name, const Identity* issuer = nullptr) {
    return make_identity({.common_names = {name}, .ca = true}, issuer);
}

/// The list of `issuer`, valid now, with these serial numbers revoked.
inline Crl make_crl(const Identity& issuer, const std::vector<long>& serials) {
    Crl crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.get()));
    const std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>> time(X509_gmtime_adj(nullptr, -3600));
    X509_CRL_set1_lastUpdate(crl.get(), time.get());
    for (const long serial : serials) {
        X509_REVOKED* entry = X509_REVOKED_new();
        const std::unique_ptr<ASN1_INTEGER, Free<ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
        ASN1_INTEGER_set(number.get(), serial);
        X509_REVOKED_set_serialNumber(entry, number.get());
        X509_REVOKED_set_revocationDate(entry, time.get());
        X509_CRL_add0_revoked(crl.get(), entry);
    }
    X509_gmtime_adj(time.get(), 24L * 3600);
    X509_CRL_set1_nextUpdate(crl.get(), time.get());
    require(X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256()) > 0);
    return crl;
}

/// What `write` puts into a BIO.
template <typename Write>
std::string text_of(Write write) {
    const Bio out(BIO_new(BIO_s_mem()));
    require(write(out.get()) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

inline std::string to_pem(const Identity& identity) {
    return text_of([&](BIO* out) { return PEM_write_bio_X509(out, identity.certificate.get()); });
}

inline std::string to_der(const Identity& identity) {
    return text_of([&](BIO* out) { return i2d_X509_bio(out, identity.certificate.get()); });
}

inline std::string to_pem(const Crl& crl) {
    return text_of([&](BIO* out) { return PEM_write_bio_X509_CRL(out, crl.get()); });
}

/// The key in PKCS #8, encrypted if there is a password.
inline std::string to_pem(const PrivateKey& key, const std::string& password = {}) {
    const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
    return text_of([&](BIO* out) {
        return PEM_write_bio_PKCS8PrivateKey(out, key.get(), cipher, password.data(), static_cast<int>(password.size()),
                                             nullptr, nullptr);
    });
}

} // namespace tls::test
