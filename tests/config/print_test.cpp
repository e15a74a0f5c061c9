#include "config/print.h"
#include "tests/config/support.h"

namespace config {
namespace {

using namespace std::chrono_literals;
using test::load_toml;
using testing::HasSubstr;
using testing::Not;

Settings smallest() {
    return load({.upstream = "host=db"}, test::variables()).settings;
}

/// Nothing in it has its default.
Settings everything() {
    Upstream upstream;
    upstream.targets = {Target{"a", "10.0.0.1", 1}, Target{"b", "", 2}};
    upstream.sslmode = SslMode::verify_ca;
    upstream.sslnegotiation = SslNegotiation::direct;
    upstream.sslrootcert = "/roots/it's \"mine\".pem";
    upstream.sslcrl = "/crl\twith\ntwo lines";
    upstream.sslcrldir = "/crl\\dir";
    upstream.sslcert = "/zertifikat-ü.pem";
    upstream.sslkey = "/key\x01\x7f";
    upstream.sslsni = false;
    upstream.ocsp_stapling = false;
    upstream.ssl_min_protocol_version = TlsVersion::tls1_0;
    upstream.ssl_max_protocol_version = TlsVersion::tls1_1;
    upstream.connect_timeout = 0s;
    upstream.connect_retry = 5s;
    upstream.dns_ttl = 6s;
    upstream.keepalives = false;
    upstream.keepalives_idle = 1s;
    upstream.keepalives_interval = 2s;
    upstream.keepalives_count = 3;
    upstream.tcp_user_timeout = 4ms;
    upstream.load_balance_hosts = LoadBalanceHosts::random;
    Upstream other;
    other.targets = {Target{"", "::1", 6432}, Target{"", "::2", 6432}};
    other.sslmode = SslMode::require;
    return {
        {UnixAddress{"/run/admin"}, 1500ms, true},
        {LogLevel::debug, LogFormat::json, 3},
        {1, 2ms, 6s, 3min, 4h, 8h, 5},
        {Listener{"first", {TcpAddress{"::1", 1}, UnixAddress{"/a,b"}}, upstream},
         Listener{"second one", {TcpAddress{"localhost", 0}}, other, "@suffix", {.allow_remote_clients = true}, 9}}};
}

TEST(Print, LoadsBackToTheSameSettings) {
    Settings without_admin = smallest();
    without_admin.admin.listen = std::nullopt;
    for (const Settings& settings : {smallest(), everything(), without_admin}) {
        const std::string text = to_toml(settings);
        SCOPED_TRACE(text);
        const Loaded loaded = load_toml(text);
        EXPECT_EQ(loaded.settings, settings);
        EXPECT_THAT(loaded.notices, testing::IsEmpty());
    }
}

TEST(Print, NeverShowsAPassword) {
    Settings settings = smallest();
    settings.listeners[0].upstream.sslpassword = "s3cret";
    const std::string text = to_toml(settings);
    EXPECT_THAT(text, Not(HasSubstr("s3cret")));
    EXPECT_THAT(text, HasSubstr("\n# sslpassword is set, and not shown\n"));
    EXPECT_EQ(load_toml(text).settings, smallest());
    EXPECT_THAT(to_toml(smallest()), Not(HasSubstr("sslpassword")));
}

TEST(Print, LeavesOutAListWithoutEntries) {
    EXPECT_THAT(to_toml(everything()), Not(HasSubstr("host = \",\"")));
}

TEST(Print, ReadsLikeAConfigurationFile) {
    EXPECT_EQ(to_toml(smallest()), R"([admin]
listen = "127.0.0.1:9432"
ready_probe = "1m"
quitquitquit = false

[log]
level = "info"
format = "text"
max_repeats = 10

[limits]
max_connections = 1000
startup_timeout = "10s"
drain_delay = "0"
drain_timeout = "30s"
half_close_timeout = "10m"
idle_timeout = "0"
warm_connections = 8
workers = 0

[[listener]]
name = "main"
address = [ "127.0.0.1:5432" ]
allow_remote_clients = false
unix_socket_permissions = "0777"

[listener.upstream]
host = "db"
port = 5432
sslmode = "verify-full"
sslnegotiation = "postgres"
sslsni = true
ocsp_stapling = true
ssl_min_protocol_version = "TLSv1.2"
connect_timeout = 10
connect_retry = 0
dns_ttl = 30
keepalives = true
keepalives_idle = 60
keepalives_interval = 10
keepalives_count = 6
tcp_user_timeout = 0
load_balance_hosts = "disable"
)");
}

} // namespace
} // namespace config
