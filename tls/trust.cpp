#include "tls/trust.h"

#include "tls/certificate.h"
#include "tls/error.h"
#include "tls/roots/built_in_roots.h"

#include <openssl/pem.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

namespace tls {
namespace {

using CertificateInfos =
    std::unique_ptr<STACK_OF(X509_INFO),
                    decltype([](STACK_OF(X509_INFO) * infos) { sk_X509_INFO_pop_free(infos, X509_INFO_free); })>;

std::vector<Certificate> parse_pem(const std::string& text, const std::string& origin,
                                   std::vector<CertificateRevocationList>* crls) {
    const Bio in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const CertificateInfos infos(PEM_X509_INFO_read_bio(in.get(), nullptr, nullptr, nullptr));
    if (!infos) {
        throw Error(origin + ": a PEM block does not parse: " + drain_error_queue());
    }
    std::vector<Certificate> certificates;
    for (int i = 0; i < sk_X509_INFO_num(infos.get()); ++i) {
        X509_INFO* info = sk_X509_INFO_value(infos.get(), i);
        if (info->x509 != nullptr) {
            certificates.emplace_back(std::exchange(info->x509, nullptr));
        }
        if (info->crl != nullptr && crls != nullptr) {
            crls->emplace_back(std::exchange(info->crl, nullptr));
        }
    }
    return certificates;
}

std::vector<Certificate> parse_der(const std::string& text, const std::string& origin) {
    std::vector<Certificate> certificates;
    const auto* position = reinterpret_cast<const unsigned char*>(text.data());
    const auto* end = position + text.size();
    while (position < end) {
        Certificate certificate(d2i_X509(nullptr, &position, end - position));
        if (!certificate) {
            throw Error(origin + ": neither PEM nor DER: " + drain_error_queue());
        }
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

void add(TrustAnchors& trust, std::vector<Certificate> certificates) {
    for (Certificate& certificate : certificates) {
        std::string print = fingerprint(certificate.get());
        if (std::ranges::find(trust.anchors, print, &Anchor::fingerprint) == trust.anchors.end()) {
            std::string name = common_name(certificate.get());
            const auto expiry = not_after(certificate.get());
            trust.anchors.push_back({std::move(certificate), std::move(name), std::move(print), expiry});
        }
    }
}

void add_file(TrustAnchors& trust, const std::string& path) {
    add(trust, parse_certificates(read_file(path, "sslrootcert"), path, &trust.crls));
}

void add_directory(TrustAnchors& trust, const std::string& path) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
        std::error_code dangling;
        if (entry.is_regular_file(dangling)) {
            add_file(trust, entry.path().string());
        }
    }
    if (error) {
        throw Error(path + ": cannot read the directory: " + error.message());
    }
}

/// OpenSSL's own default places, with the environment variables that move them.
void add_system(TrustAnchors& trust) {
    const auto place = [](const char* variable, const char* fallback) {
        const char* value = std::getenv(variable);
        return std::string(value != nullptr ? value : fallback);
    };
    const std::string file = place(X509_get_default_cert_file_env(), X509_get_default_cert_file());
    const std::string directories = place(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) {
        add_file(trust, file);
    }
    std::istringstream list(directories);
    for (std::string directory; std::getline(list, directory, ':');) {
        if (std::filesystem::is_directory(directory, error)) {
            add_directory(trust, directory);
        }
    }
    if (trust.anchors.empty()) {
        throw Error("sslrootcert=system: no certificate in " + file + " or " + directories +
                    "; install ca-certificates, or name a file");
    }
}

void add_built_in(TrustAnchors& trust, std::string_view only) {
    for (const BuiltInRoot& root : built_in_roots()) {
        if (root.name.starts_with(only)) {
            add(trust, parse_certificates(std::string(root.pem), std::string(root.name)));
        }
    }
}

} // namespace

std::string read_file(const std::string& path, const std::string& purpose) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        throw Error(path + ": is a directory; " + purpose + " takes a file here");
    }
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    if (file.is_open() && file.peek() != std::ifstream::traits_type::eof()) {
        content << file.rdbuf();
    }
    if (!file.is_open() || file.bad() || content.bad() || content.fail()) {
        throw Error(path + ": cannot load " + purpose + ": " + std::strerror(errno));
    }
    return content.str();
}

std::vector<Certificate> parse_certificates(const std::string& text, const std::string& origin,
                                            std::vector<CertificateRevocationList>* crls) {
    const bool pem = text.find("-----BEGIN") != std::string::npos;
    auto certificates = pem ? parse_pem(text, origin, crls) : parse_der(text, origin);
    if (certificates.empty()) {
        throw Error(origin + ": no certificate in it");
    }
    return certificates;
}

std::vector<CertificateRevocationList> parse_crls(const std::string& text, const std::string& origin) {
    std::vector<CertificateRevocationList> crls;
    parse_pem(text, origin, &crls);
    return crls;
}

TrustAnchors load_anchors(const std::string& sslrootcert) {
    TrustAnchors trust{.source = sslrootcert, .anchors = {}, .crls = {}};
    std::error_code error;
    if (sslrootcert == "azure") {
        add_built_in(trust, "");
    } else if (sslrootcert == "baltimore") {
        add_built_in(trust, "baltimore");
    } else if (sslrootcert == "system") {
        add_system(trust);
    } else if (std::filesystem::is_directory(sslrootcert, error)) {
        add_directory(trust, sslrootcert);
    } else {
        add_file(trust, sslrootcert);
    }
    if (trust.anchors.empty()) {
        throw Error(sslrootcert + ": no certificate in it");
    }
    return trust;
}

} // namespace tls
