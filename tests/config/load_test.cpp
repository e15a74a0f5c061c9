#include "config/load.h"
#include "tests/config/support.h"

namespace config {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::load_toml;
using test::toml_error;
using test::variables;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string one = "[[listener]]\nname = 'app'\naddress = '127.0.0.1:1'\n"
                        "upstream = { host = 'file', port = 1, sslmode = 'require' }\n";
const std::string two = "[[listener]]\nname = 'a'\naddress = '127.0.0.1:1'\nupstream = 'host=x'\n"
                        "[[listener]]\nname = 'b'\naddress = '127.0.0.1:2'\nupstream = 'host=y'\n";

Address tcp(std::uint16_t port) {
    return TcpAddress{"127.0.0.1", port};
}

Listener only_listener(const Loaded& loaded) {
    EXPECT_EQ(loaded.settings.listeners.size(), 1U);
    return loaded.settings.listeners.at(0);
}

Target only_target(const Loaded& loaded) {
    const Listener listener = only_listener(loaded);
    EXPECT_EQ(listener.upstream.targets.size(), 1U);
    return listener.upstream.targets.at(0);
}

TEST(Load, FlagsOverEnvironmentOverFileOverDefaults) {
    const std::string file = "[admin]\nlisten = '127.0.0.1:11'\nready_probe = '1s'\n"
                             "[log]\nlevel = 'debug'\nformat = 'text'\n"
                             "[limits]\nwarm_connections = 5\n" +
                             one;
    const Environment environment = variables({{"PG_TLS_PROXY_ADMIN", "127.0.0.1:12"},
                                               {"PG_TLS_PROXY_LOG_LEVEL", "warn"},
                                               {"PG_TLS_PROXY_LOG_FORMAT", "json"},
                                               {"PG_TLS_PROXY_LISTEN", "127.0.0.1:2,127.0.0.1:3"}});
    const Overrides flags = {.config = {},
                             .listen = {"127.0.0.1:4", "unix:/socket"},
                             .upstream = {},
                             .admin = "127.0.0.1:13",
                             .log_level = "error",
                             .log_format = "text",
                             .warm = "7",
                             .ready_probe = "3s"};

    const Settings from_file = load_toml(file).settings;
    EXPECT_EQ(from_file.admin, (Admin{tcp(11), 1s}));
    EXPECT_EQ(from_file.log, (Log{LogLevel::debug, LogFormat::text}));
    EXPECT_THAT(from_file.listeners.at(0).address, ElementsAre(tcp(1)));

    EXPECT_EQ(from_file.limits.warm_connections, 5U);

    const Settings from_environment = load_toml(file, {}, environment).settings;
    EXPECT_EQ(from_environment.admin, (Admin{tcp(12), 1s}));
    EXPECT_EQ(from_environment.log, (Log{LogLevel::warn, LogFormat::json}));
    EXPECT_THAT(from_environment.listeners.at(0).address, ElementsAre(tcp(2), tcp(3)));

    const Settings from_flags = load_toml(file, flags, environment).settings;
    EXPECT_EQ(from_flags.admin, (Admin{tcp(13), 3s}));
    EXPECT_EQ(from_flags.log, (Log{LogLevel::error, LogFormat::text}));
    EXPECT_THAT(from_flags.listeners.at(0).address, ElementsAre(tcp(4), Address(UnixAddress{"/socket"})));
    EXPECT_EQ(from_flags.listeners.at(0).name, "app");
    EXPECT_EQ(from_flags.limits.warm_connections, 7U);
}

TEST(Load, TheFileIsTheFlagsOrTheEnvironments) {
    const test::TomlFile file(one);
    const Environment environment = variables({{"PG_TLS_PROXY_CONFIG", file.path()}});
    EXPECT_EQ(only_target(load({}, environment)).host, "file");
    EXPECT_THAT(error_of([&] { return load({.config = "/no/such/file"}, environment); }), HasSubstr("/no/such/file"));
}

TEST(Load, WithoutAFile) {
    Upstream upstream;
    upstream.targets = {Target{"db", "", 5432}};
    const Loaded loaded = load({.upstream = "host=db"}, variables());
    Settings settings;
    settings.listeners = {Listener{"main", {tcp(5432)}, upstream}};
    EXPECT_EQ(loaded.settings, settings);
    EXPECT_THAT(loaded.notices, IsEmpty());
    EXPECT_EQ(load({}, variables({{"PGHOST", "db"}})).settings, loaded.settings);
    EXPECT_EQ(load({}, variables({{"PG_TLS_PROXY_UPSTREAM", "postgresql://db"}})).settings, loaded.settings);
    EXPECT_EQ(load_toml("", {.upstream = "host=db"}).settings, loaded.settings);
}

TEST(Load, AConninfoReplacesTheUpstreamOfTheFileAsAWhole) {
    const Environment environment = variables({{"PG_TLS_PROXY_UPSTREAM", "host=environment"}});
    EXPECT_EQ(only_target(load_toml(one, {}, environment)), (Target{"environment", "", 5432}));
    EXPECT_EQ(only_listener(load_toml(one, {}, environment)).upstream.sslmode, SslMode::verify_full);
    EXPECT_EQ(only_target(load_toml(one, {.upstream = "host=flag"}, environment)), (Target{"flag", "", 5432}));
    // What it replaces need not even be right.
    EXPECT_EQ(only_target(load_toml("[[listener]]\n", {.upstream = "host=flag"})).host, "flag");
}

TEST(Load, LibpqsVariablesStandAboveTheFile) {
    const Loaded loaded = load_toml(one, {}, variables({{"PGHOST", "environment"}, {"PGSSLMODE", "verify-ca"}}));
    EXPECT_EQ(only_target(loaded), (Target{"environment", "", 1}));
    EXPECT_EQ(only_listener(loaded).upstream.sslmode, SslMode::verify_ca);
    EXPECT_EQ(only_target(load_toml("[[listener]]\nname = 'x'\n", {}, variables({{"PGHOST", "db"}}))).host, "db");
}

TEST(Load, LibpqsVariablesStandBelowAConninfo) {
    const Environment environment =
        variables({{"PGHOST", "environment"}, {"PGPORT", "7"}, {"PGSSLMODE", "disable"}, {"PGSSLROOTCERT", "azure"}});
    const Loaded loaded = load({.upstream = "host=flag sslmode=verify-ca"}, environment);
    EXPECT_EQ(only_target(loaded), (Target{"flag", "", 7}));
    EXPECT_EQ(only_listener(loaded).upstream.sslmode, SslMode::verify_ca);
    EXPECT_EQ(only_listener(loaded).upstream.sslrootcert, "azure");
    EXPECT_EQ(only_target(load({.upstream = "sslmode=require"}, environment)).host, "environment");
}

TEST(Load, OneNoticeListsWhatIsIgnored) {
    EXPECT_THAT(load({.upstream = "host=db user=me password=s3cret dbname=app"}, variables()).notices,
                ElementsAre("ignored user, password, dbname: about the session, which the application opens itself"));
    EXPECT_THAT(load_toml("[[listener]]\nname = 'a'\naddress = '127.0.0.1:0'\nupstream = 'host=x user=me'\n"
                          "[[listener]]\nname = 'b'\naddress = '127.0.0.1:0'\nupstream = 'host=y user=me dbname=b'\n")
                    .notices,
                ElementsAre("ignored user, dbname: about the session, which the application opens itself"));
}

TEST(Load, WithSeveralListenersTheVariablesThatNameOneServerAreIgnored) {
    const Loaded loaded =
        load_toml(two, {}, variables({{"PGHOST", "z"}, {"PGPORT", "9"}, {"PGSSLROOTCERT", "system"}}));
    ASSERT_EQ(loaded.settings.listeners.size(), 2U);
    EXPECT_THAT(loaded.settings.listeners[0].upstream.targets, ElementsAre(Target{"x", "", 5432}));
    EXPECT_THAT(loaded.settings.listeners[1].upstream.targets, ElementsAre(Target{"y", "", 5432}));
    EXPECT_EQ(loaded.settings.listeners[0].upstream.sslrootcert, "system");
    EXPECT_EQ(loaded.settings.listeners[1].upstream.sslrootcert, "system");
    EXPECT_THAT(loaded.notices,
                ElementsAre("ignored PGHOST, PGPORT: the file has several listeners, each with its own upstream"));
}

TEST(Load, WithSeveralListenersAnOverrideForOneIsAnError) {
    const std::string message = ": which listener? The file has several: \"a\", \"b\"; set it there";
    EXPECT_EQ(toml_error(two, {.upstream = "host=z"}), "--upstream" + message);
    EXPECT_EQ(toml_error(two, {.listen = {"127.0.0.1:3"}}), "--listen" + message);
    EXPECT_EQ(toml_error(two, {}, variables({{"PG_TLS_PROXY_UPSTREAM", "host=z"}})), "PG_TLS_PROXY_UPSTREAM" + message);
    EXPECT_EQ(toml_error(two, {}, variables({{"PG_TLS_PROXY_LISTEN", "127.0.0.1:3"}})),
              "PG_TLS_PROXY_LISTEN" + message);
}

} // namespace
} // namespace config
