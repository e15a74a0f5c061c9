#include "proxy/commands/check.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace proxy {

namespace json = boost::json;

namespace {

constexpr std::size_t names_shown = 20;

std::string_view text(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

void print_steps(std::ostream& out, const json::object& report) {
    for (const json::value& entry : report.at("steps").as_array()) {
        const json::object& step = entry.as_object();
        out << "  " << std::fixed << std::setprecision(1) << std::setw(8) << step.at("duration_ms").as_double()
            << " ms  " << text(step, "phase") << ": " << text(step, "outcome") << '\n';
    }
}

void print_certificate(std::ostream& out, const json::object& certificate) {
    out << text(certificate, "subject") << '\n'
        << "        issued by " << text(certificate, "issuer") << '\n'
        << "        " << text(certificate, "not_before") << " to " << text(certificate, "not_after") << ", "
        << certificate.at("days_left").as_int64() << " days left\n";
    const json::array& names = certificate.at("names").as_array();
    const std::size_t shown = std::min(names.size(), names_shown);
    out << "        for";
    for (std::size_t i = 0; i < shown; ++i) {
        out << ' ' << std::string_view(names[i].as_string());
    }
    out << (shown == names.size() ? "" : " and " + std::to_string(names.size() - shown) + " more") << '\n';
}

void print_failure(std::ostream& out, const json::object& failure) {
    out << "  FAILED (" << text(failure, "reason") << "): " << text(failure, "message") << '\n';
    if (!text(failure, "detail").empty()) {
        out << "    " << text(failure, "detail") << '\n';
    }
    out << "  What to change: " << text(failure, "hint") << '\n';
}

void print_server(std::ostream& out, const json::object& report) {
    if (const json::value* chain = report.if_contains("chain")) {
        out << "  The server presents\n";
        std::size_t depth = 0;
        for (const json::value& certificate : chain->as_array()) {
            out << "    " << depth++ << "   ";
            print_certificate(out, certificate.as_object());
        }
    }
    if (const json::value* anchor = report.if_contains("anchor"); anchor != nullptr && anchor->is_object()) {
        out << "  The chain ends at the trust anchor " << text(anchor->as_object(), "subject") << " (until "
            << text(anchor->as_object(), "not_after") << "), from sslrootcert=" << text(report, "trust") << '\n';
    }
    if (const json::value* verdicts = report.if_contains("sslmodes")) {
        for (const auto& [mode, verdict] : verdicts->as_object()) {
            out << "  sslmode=" << std::setw(12) << std::left << std::string_view(mode) << std::right
                << std::string_view(verdict.as_string()) << '\n';
        }
    }
    if (report.contains("direct_tls")) {
        out << "  sslnegotiation=direct: " << text(report, "direct_tls") << '\n';
    }
    if (report.contains("enforcement")) {
        out << "  SSL enforce status: " << text(report, "enforcement") << '\n';
    }
}

void print_rotation(std::ostream& out, const json::object& report) {
    const json::value* rotation = report.if_contains("rotation");
    if (rotation == nullptr) {
        return;
    }
    out << "  With one built-in root alone the chain would\n";
    for (const json::value& entry : rotation->as_array()) {
        const json::object& outcome = entry.as_object();
        out << "    " << (outcome.at("verifies").as_bool() ? "verify     " : "not verify ") << text(outcome, "root")
            << " (until " << text(outcome, "not_after") << ")\n";
    }
}

} // namespace

std::string to_text(const json::object& report) {
    std::ostringstream out;
    out << "Listener " << text(report, "listener") << ", upstream " << text(report, "upstream")
        << ", sslmode=" << text(report, "sslmode") << '\n';
    print_steps(out, report);
    if (const json::value* session = report.if_contains("session")) {
        out << "  " << text(session->as_object(), "psql") << '\n';
    }
    print_server(out, report);
    print_rotation(out, report);
    if (const json::value* failure = report.if_contains("failure")) {
        print_failure(out, failure->as_object());
    } else {
        out << "  An application gets through.\n";
    }
    return out.str();
}

} // namespace proxy
