#include "config/keywords.h"

#include "config/error.h"
#include "config/names.h"
#include "config/nearest.h"
#include "config/text.h"

#include <algorithm>
#include <array>
#include <limits>

namespace config {
namespace {

constexpr auto integer = ValueType::integer;
constexpr auto boolean = ValueType::boolean;
constexpr auto text = ValueType::text;

/// What Linux takes at most; beyond it every setsockopt() would fail.
constexpr int max_keepalive_seconds = 32767;
constexpr int max_keepalive_probes = 127;

/// libpq takes a negative number for zero.
int parse_count(const std::string& value, int max = std::numeric_limits<int>::max()) {
    const int count = parse_integer(value);
    if (count > max) {
        throw Error(in_quotes(value) + " is out of range; the system takes at most " + std::to_string(max));
    }
    return std::max(0, count);
}

std::chrono::seconds parse_keepalive_seconds(const std::string& value) {
    return std::chrono::seconds(parse_count(value, max_keepalive_seconds));
}

bool parse_switch(const std::string& value) {
    if (value != "0" && value != "1") {
        throw Error(in_quotes(value) + " is neither 0 nor 1");
    }
    return value == "1";
}

/// The three lists make one list of targets, once all of them are known.
void leave_to_make_targets(Upstream&, const std::string&) {}

void set_min_protocol_version(Upstream& upstream, const std::string& value) {
    if (!value.empty()) {
        upstream.ssl_min_protocol_version = parse_tls_version(value);
    }
}

void set_max_protocol_version(Upstream& upstream, const std::string& value) {
    if (!value.empty()) {
        upstream.ssl_max_protocol_version = parse_tls_version(value);
    }
}

void set_keepalives_count(Upstream& upstream, const std::string& value) {
    upstream.keepalives_count = static_cast<unsigned>(parse_count(value, max_keepalive_probes));
}

void check_sslcertmode(Upstream&, const std::string& value) {
    if (value != "allow") {
        throw Error(in_quotes(value) + " is not supported; the server is shown sslcert if it asks, and nothing else");
    }
}

void refuse_sslkeylogfile(Upstream&, const std::string&) {
    throw Error("not supported; this proxy writes no TLS secrets to a file");
}

constexpr std::array keywords = {
    Keyword{"host", text, leave_to_make_targets},
    Keyword{"hostaddr", text, leave_to_make_targets},
    Keyword{"port", integer, leave_to_make_targets},
    Keyword{"sslmode", text, [](Upstream& u, const std::string& v) { u.sslmode = parse_sslmode(v); }},
    Keyword{"sslnegotiation", text,
            [](Upstream& u, const std::string& v) { u.sslnegotiation = parse_sslnegotiation(v); }},
    Keyword{"sslrootcert", text, [](Upstream& u, const std::string& v) { u.sslrootcert = v; }},
    Keyword{"sslcrl", text, [](Upstream& u, const std::string& v) { u.sslcrl = v; }},
    Keyword{"sslcrldir", text, [](Upstream& u, const std::string& v) { u.sslcrldir = v; }},
    Keyword{"sslcert", text, [](Upstream& u, const std::string& v) { u.sslcert = v; }},
    Keyword{"sslkey", text, [](Upstream& u, const std::string& v) { u.sslkey = v; }},
    Keyword{"sslpassword", text, [](Upstream& u, const std::string& v) { u.sslpassword = v; }},
    Keyword{"sslsni", boolean, [](Upstream& u, const std::string& v) { u.sslsni = parse_switch(v); }},
    Keyword{"ocsp_stapling", boolean, [](Upstream& u, const std::string& v) { u.ocsp_stapling = parse_switch(v); }},
    Keyword{"ssl_min_protocol_version", text, set_min_protocol_version},
    Keyword{"ssl_max_protocol_version", text, set_max_protocol_version},
    Keyword{"sslcertmode", text, check_sslcertmode},
    Keyword{"sslkeylogfile", text, refuse_sslkeylogfile},
    Keyword{"connect_timeout", integer,
            [](Upstream& u, const std::string& v) { u.connect_timeout = std::chrono::seconds(parse_count(v)); }},
    Keyword{"connect_retry", integer,
            [](Upstream& u, const std::string& v) { u.connect_retry = std::chrono::seconds(parse_count(v)); }},
    Keyword{"dns_ttl", integer,
            [](Upstream& u, const std::string& v) { u.dns_ttl = std::chrono::seconds(parse_count(v)); }},
    Keyword{"keepalives", boolean, [](Upstream& u, const std::string& v) { u.keepalives = parse_integer(v) != 0; }},
    Keyword{"keepalives_idle", integer,
            [](Upstream& u, const std::string& v) { u.keepalives_idle = parse_keepalive_seconds(v); }},
    Keyword{"keepalives_interval", integer,
            [](Upstream& u, const std::string& v) { u.keepalives_interval = parse_keepalive_seconds(v); }},
    Keyword{"keepalives_count", integer, set_keepalives_count},
    Keyword{"tcp_user_timeout", integer,
            [](Upstream& u, const std::string& v) { u.tcp_user_timeout = std::chrono::milliseconds(parse_count(v)); }},
    Keyword{"load_balance_hosts", text,
            [](Upstream& u, const std::string& v) { u.load_balance_hosts = parse_load_balance_hosts(v); }},

    Keyword{"application_name"},
    Keyword{"channel_binding"},
    Keyword{"client_encoding"},
    Keyword{"dbname"},
    Keyword{"fallback_application_name"},
    Keyword{"gssdelegation", boolean},
    Keyword{"gssencmode"},
    Keyword{"gsslib"},
    Keyword{"krbsrvname"},
    Keyword{"max_protocol_version"},
    Keyword{"min_protocol_version"},
    Keyword{"oauth_client_id"},
    Keyword{"oauth_client_secret"},
    Keyword{"oauth_issuer"},
    Keyword{"oauth_scope"},
    Keyword{"options"},
    Keyword{"passfile"},
    Keyword{"password"},
    Keyword{"replication"},
    Keyword{"require_auth"},
    Keyword{"requirepeer"},
    Keyword{"scram_client_key"},
    Keyword{"scram_server_key"},
    Keyword{"service"},
    Keyword{"sslcompression", boolean},
    Keyword{"target_session_attrs"},
    Keyword{"user"},
};

constexpr auto keyword_names = [] {
    std::array<std::string_view, keywords.size()> names;
    std::transform(keywords.begin(), keywords.end(), names.begin(),
                   [](const Keyword& keyword) { return keyword.name; });
    return names;
}();

} // namespace

bool is_keyword(std::string_view name) {
    return std::find(keyword_names.begin(), keyword_names.end(), name) != keyword_names.end();
}

const Keyword& find_keyword(std::string_view name) {
    const auto found = std::find(keyword_names.begin(), keyword_names.end(), name);
    if (found == keyword_names.end()) {
        throw Error("unknown keyword " + in_quotes(name) + did_you_mean(name, keyword_names));
    }
    return keywords[static_cast<std::size_t>(found - keyword_names.begin())];
}

} // namespace config
