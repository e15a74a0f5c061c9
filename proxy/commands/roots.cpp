#include "proxy/commands/roots.h"

#include "config/error.h"
#include "tls/certificate.h"
#include "tls/roots/built_in_roots.h"
#include "tls/trust.h"

#include <cerrno>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <system_error>

namespace proxy {
namespace {

tls::Certificate parse(const tls::BuiltInRoot& root) {
    return std::move(tls::parse_certificates(std::string(root.pem), std::string(root.name)).front());
}

} // namespace

void list_roots() {
    const auto now = std::chrono::system_clock::now();
    for (const tls::BuiltInRoot& root : tls::built_in_roots()) {
        const tls::Certificate certificate = parse(root);
        const auto expiry = tls::not_after(certificate.get());
        std::cout << std::left << std::setw(28) << root.name << tls::common_name(certificate.get()) << '\n'
                  << "    expires " << tls::format_date(expiry) << (expiry < now ? " (expired)" : "") << '\n'
                  << "    SHA-256 " << tls::fingerprint(certificate.get()) << '\n';
    }
}

void show_root(const std::string& name) {
    for (const tls::BuiltInRoot& root : tls::built_in_roots()) {
        if (root.name == name) {
            const tls::Certificate certificate = parse(root);
            std::cout << "# " << tls::subject(certificate.get()) << '\n'
                      << "# expires " << tls::format_date(tls::not_after(certificate.get())) << '\n'
                      << "# SHA-256 " << tls::fingerprint(certificate.get()) << root.pem;
            return;
        }
    }
    throw config::Error("no built-in root is named " + config::in_quotes(name) + ": see `pg-tls-proxy roots list`");
}

void export_roots(const std::string& file) {
    std::ofstream out;
    if (file != "-") {
        out.open(file, std::ios::trunc);
    }
    std::ostream& target = file == "-" ? std::cout : out;
    for (const tls::BuiltInRoot& root : tls::built_in_roots()) {
        target << root.pem;
    }
    target.flush();
    if (!target) {
        throw std::runtime_error("cannot write " + file + ": " + std::generic_category().message(errno));
    }
}

} // namespace proxy
