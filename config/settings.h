#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What the user asked for, as plain values. Every member holds its default; durations carry their
/// unit in the type. Keywords of an upstream have libpq's names and meanings.
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
namespace config {

/// A TCP endpoint to bind: `host` is an address literal or `localhost`. Port 0 lets the kernel choose.
struct TcpAddress {
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const TcpAddress&) const = default;
};

/// A Unix-domain socket to bind.
struct UnixAddress {
    std::filesystem::path path;

    bool operator==(const UnixAddress&) const = default;
};

using Address = std::variant<TcpAddress, UnixAddress>;

/// One server of a target list. `host` is verified and sent as SNI; `hostaddr`, where given, is dialled.
struct Target {
    std::string host;
    std::string hostaddr;
    std::uint16_t port = 5432;

    bool operator==(const Target&) const = default;
};

/// libpq's `sslmode`, without the modes that may end in plaintext.
enum class SslMode { require, verify_ca, verify_full };

/// libpq's `sslnegotiation`: an SSLRequest first, or TLS from the first byte (PostgreSQL 17 and later).
enum class SslNegotiation { postgres, direct };

/// libpq's `load_balance_hosts`.
enum class LoadBalanceHosts { disable, random };

enum class TlsVersion { tls1_0, tls1_1, tls1_2, tls1_3 };

struct Upstream {
    std::vector<Target> targets;

    SslMode sslmode = SslMode::verify_full;
    SslNegotiation sslnegotiation = SslNegotiation::postgres;
    /// A file, a directory, `system`, `azure` or `baltimore`. Empty: ~/.postgresql/root.crt if it is there, else
    /// `azure`.
    std::string sslrootcert;
    std::filesystem::path sslcrl;
    std::filesystem::path sslcrldir;
    std::filesystem::path sslcert;
    std::filesystem::path sslkey;
    std::string sslpassword;
    bool sslsni = true;
    /// Ask for a stapled OCSP response, and refuse a server whose certificate it says is revoked. Not a keyword of
    /// libpq.
    bool ocsp_stapling = true;
    TlsVersion ssl_min_protocol_version = TlsVersion::tls1_2;
    std::optional<TlsVersion> ssl_max_protocol_version;

    /// Bounds name resolution, TCP, SSLRequest and TLS together, over all targets. Zero: no bound.
    std::chrono::seconds connect_timeout{10};
    /// For how long a connect that nobody accepts is tried again, within connect_timeout. Not a keyword of libpq.
    std::chrono::seconds connect_retry{0};
    /// For how long the addresses of a host are used without asking again. Not a keyword of libpq.
    std::chrono::seconds dns_ttl{30};
    bool keepalives = true;
    /// Zero leaves the system's value.
    std::chrono::seconds keepalives_idle{60};
    std::chrono::seconds keepalives_interval{10};
    unsigned keepalives_count = 6;
    std::chrono::milliseconds tcp_user_timeout{0};
    LoadBalanceHosts load_balance_hosts = LoadBalanceHosts::disable;

    bool operator==(const Upstream&) const = default;
};

/// A user or a group of this machine.
struct Account {
    std::string name; ///< as it was given; a number is one, too
    std::uint32_t id = 0;

    bool operator==(const Account&) const = default;
};

/// Who may connect to a listener. The names are PostgreSQL's where it has them.
struct Access {
    /// Whether the listener may have addresses that other machines can reach, where passwords pass in clear.
    bool allow_remote_clients = false;
    /// The users that may connect to its Unix sockets. Empty: all.
    std::vector<Account> allow_users = {};
    /// For each Unix socket. The default is PostgreSQL's: who may log in is for the server to decide.
    unsigned unix_socket_permissions = 0777;
    /// Nothing: the user and the group that the proxy runs as.
    std::optional<Account> unix_socket_owner = {};
    std::optional<Account> unix_socket_group = {};

    bool operator==(const Access&) const = default;
};

struct Listener {
    std::string name = "main";
    std::vector<Address> address;
    Upstream upstream;
    /// What is appended to user names that carry no '@': "@mydemoserver" for Azure's Single Server. Empty: nothing.
    std::string user_suffix = {};
    Access access = {};
    /// Concurrent client connections of this listener. Nothing: as many as limits.max_connections leaves it.
    std::optional<unsigned> max_connections = {};

    bool operator==(const Listener&) const = default;
};

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    /// How many identical warnings are written within 10 s; the rest is counted and summed up. Zero: all of them.
    unsigned max_repeats = 10;

    bool operator==(const Log&) const = default;
};

struct Admin {
    /// Nothing: no admin server at all.
    std::optional<Address> listen = TcpAddress{.host = "127.0.0.1", .port = 9432};
    /// The oldest successful handshake that /readyz accepts before it makes one of its own. Zero: never dials.
    std::chrono::milliseconds ready_probe = std::chrono::seconds(60);
    /// Whether POST /quitquitquit does what SIGTERM does.
    bool quitquitquit = false;

    bool operator==(const Admin&) const = default;
};

struct Limits {
    /// Concurrent client connections, over all listeners.
    unsigned max_connections = 1000;
    /// From accept until the app's startup packet is complete.
    std::chrono::milliseconds startup_timeout = std::chrono::seconds(10);
    /// From SIGTERM, when /readyz begins to say no, until the listeners close.
    std::chrono::milliseconds drain_delay{0};
    /// What sessions are given to finish then.
    std::chrono::milliseconds drain_timeout = std::chrono::seconds(30);
    /// How long an app that has closed its sending side is kept without a byte from the server.
    std::chrono::milliseconds half_close_timeout = std::chrono::minutes(10);
    /// How long an app may keep a session and ask for nothing. Zero: for ever.
    std::chrono::milliseconds idle_timeout{0};
    /// Connections to the server that each listener may hold ready at most, beyond those in use. Zero: none.
    unsigned warm_connections = 8;
    static constexpr unsigned max_warm_connections = 1000;
    /// Event loops. Zero: one for every two processors that the process may keep busy.
    unsigned workers = 0;

    bool operator==(const Limits&) const = default;
};

struct Settings {
    Admin admin;
    Log log;
    Limits limits;
    std::vector<Listener> listeners;

    bool operator==(const Settings&) const = default;
};

} // namespace config
