#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

/// OpenSSL's objects as owning pointers.
namespace tls {

template <auto free_function>
struct Free {
    template <typename T>
    void operator()(T* object) const {
        free_function(object);
    }
};

using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using BioMethod = std::unique_ptr<BIO_METHOD, Free<BIO_meth_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using CertificateStore = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using CertificateRevocationList = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Ssl = std::unique_ptr<SSL, Free<SSL_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using VerificationContext = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

} // namespace tls
