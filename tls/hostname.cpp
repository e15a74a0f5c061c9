#include "tls/hostname.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <strings.h>

namespace tls {
namespace {

enum class Match { no, yes, refused };

struct IpAddress {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::size_t size = 0;
};

IpAddress parse_ip(const std::string& host) {
    IpAddress address;
    // As in libpq, inet_aton(): "127.1" is an address too.
    in_addr v4{};
    if (inet_aton(host.c_str(), &v4) == 1) {
        std::memcpy(address.bytes.data(), &v4, sizeof v4);
        address.size = sizeof(in_addr);
    } else if (inet_pton(AF_INET6, host.c_str(), address.bytes.data()) == 1) {
        address.size = sizeof(in6_addr);
    }
    return address;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool matches_wildcard(std::string_view pattern, std::string_view host) {
    if (pattern.size() < 3 || !pattern.starts_with("*.") || pattern.size() > host.size()) {
        return false;
    }
    const std::string_view suffix = pattern.substr(1);
    const std::size_t label = host.size() - suffix.size();
    return equal_ignoring_case(host.substr(label), suffix) && host.find('.') >= label;
}

Match match_name(const ASN1_STRING* string, std::string_view host) {
    const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                                static_cast<std::size_t>(ASN1_STRING_length(string)));
    if (name.find('\0') != std::string_view::npos) {
        return Match::refused;
    }
    return equal_ignoring_case(name, host) || matches_wildcard(name, host) ? Match::yes : Match::no;
}

Match match_ip(const ASN1_OCTET_STRING* string, const IpAddress& address) {
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(string));
    if (size != sizeof(in_addr) && size != sizeof(in6_addr)) {
        return Match::refused;
    }
    const bool same = address.size != 0 && address.size == size &&
                      std::memcmp(ASN1_STRING_get0_data(string), address.bytes.data(), size) == 0;
    return same ? Match::yes : Match::no;
}

Match match_common_name(const X509* certificate, std::string_view host) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    return index < 0 ? Match::no : match_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)), host);
}

} // namespace

bool matches_host(const X509* certificate, const std::string& host) {
    if (host.empty()) {
        return false;
    }
    const IpAddress address = parse_ip(host);
    const int kind = address.size != 0 ? GEN_IPADD : GEN_DNS;
    bool common_name_counts = true;
    const GeneralNames names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        common_name_counts = common_name_counts && name->type != kind;
        Match match = Match::no;
        if (name->type == GEN_DNS) {
            match = match_name(name->d.dNSName, host);
        } else if (name->type == GEN_IPADD) {
            match = match_ip(name->d.iPAddress, address);
        }
        if (match != Match::no) {
            return match == Match::yes;
        }
    }
    return common_name_counts && match_common_name(certificate, host) == Match::yes;
}

bool is_server_name(std::string_view host) {
    return !host.empty() && host.find(':') == std::string_view::npos &&
           host.find_first_not_of("0123456789.") != std::string_view::npos;
}

} // namespace tls
