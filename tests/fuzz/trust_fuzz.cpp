#include "tests/fuzz/fuzz.h"
#include "tls/certificate.h"
#include "tls/error.h"
#include "tls/hostname.h"
#include "tls/trust.h"

#include <openssl/err.h>

namespace {

template <typename Parse>
auto parse(const Parse& parse_text) -> decltype(parse_text()) {
    try {
        return parse_text();
    } catch (const tls::Error& error) {
        const std::string_view message = error.what();
        fuzz::require(message.starts_with("fuzz: ") && fuzz::is_printable(message), "an error names its place");
        return {};
    }
}

void check_name(const std::string& name) {
    fuzz::require(fuzz::is_printable(name), "no name drives a terminal");
    fuzz::require(name.size() <= tls::max_name, "no name floods a log");
}

/// What is shown of a certificate, and the one decision taken over its names.
void check_certificate(const X509* certificate) {
    fuzz::require(tls::fingerprint(certificate).size() == 64, "a fingerprint has 256 bits");
    for (const std::string& text :
         {tls::common_name(certificate), tls::subject(certificate), tls::issuer(certificate)}) {
        check_name(text);
    }
    for (const std::string& name : tls::names(certificate)) {
        check_name(name);
    }
    tls::format_date(tls::not_before(certificate));
    tls::format_date(tls::not_after(certificate));
    tls::matches_host(certificate, "localhost");
    tls::matches_host(certificate, "127.0.0.1");
    fuzz::require(!tls::matches_host(certificate, ""), "no certificate is for nobody");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::as_text({data, size}));
    std::vector<tls::CertificateRevocationList> crls;
    for (const auto& certificate : parse([&] { return tls::parse_certificates(text, "fuzz", &crls); })) {
        check_certificate(certificate.get());
    }
    const auto lists = parse([&] { return tls::parse_crls(text, "fuzz"); });
    fuzz::require(crls.empty() || crls.size() == lists.size(), "revocation lists count wherever they stand");
    ERR_clear_error();
    return 0;
}
