#include "tls/certificate.h"

#include "tls/error.h"

#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <string_view>

namespace tls {
namespace {

std::string print_name(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return shorten({data, static_cast<std::size_t>(size)}, max_name);
}

std::string_view view(const ASN1_STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string print(const ASN1_STRING* string) {
    return shorten(escape(view(string)), max_name);
}

std::chrono::sys_seconds to_time_point(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

} // namespace

std::string common_name(const X509* certificate) {
    const X509_NAME* name = X509_get_subject_name(certificate);
    const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0) {
        return print_name(name);
    }
    return print(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::string subject(const X509* certificate) {
    return print_name(X509_get_subject_name(certificate));
}

std::string issuer(const X509* certificate) {
    return print_name(X509_get_issuer_name(certificate));
}

std::vector<std::string> names(const X509* certificate) {
    std::vector<std::string> found;
    const GeneralNames alternatives(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (name->type == GEN_DNS) {
            found.push_back(print(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            found.push_back(format_ip(name->d.iPAddress));
        }
    }
    if (found.empty()) {
        found.push_back(common_name(certificate));
    }
    return found;
}

std::chrono::sys_seconds not_before(const X509* certificate) {
    return to_time_point(X509_get0_notBefore(certificate));
}

std::chrono::sys_seconds not_after(const X509* certificate) {
    return to_time_point(X509_get0_notAfter(certificate));
}

std::string fingerprint(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += digits[digest[i] >> 4];
        hex += digits[digest[i] & 0xf];
    }
    return hex;
}

std::string format_date(std::chrono::sys_seconds time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 16> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
    return {text.data(), size};
}

std::string format_ip(const ASN1_OCTET_STRING* address) {
    const std::string_view bytes = view(address);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = bytes.size() == sizeof(in_addr);
    if (!v4 && bytes.size() != sizeof(in6_addr)) {
        return print(address);
    }
    return inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
}

} // namespace tls
