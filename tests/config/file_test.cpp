#include "config/file.h"
#include "tests/config/support.h"

namespace config {
namespace {

using namespace std::chrono_literals;
using test::load_toml;
using testing::ElementsAre;

Settings settings_of(const std::string& text) {
    return load_toml(text).settings;
}

const std::string listener = "[[listener]]\nupstream = 'host=db'\n";

TEST(File, TheExampleOfTheManual) {
    const Settings settings = settings_of(R"(
[admin]
listen = "127.0.0.1:9433"

[log]
level  = "warn"
format = "json"

[limits]
max_connections = 7
startup_timeout = "1s"
drain_timeout   = "2m"

[[listener]]
name     = "app"
address  = ["127.0.0.1:5433", "unix:/run/postgresql/.s.PGSQL.5432"]
upstream = { host = "mydemoserver.postgres.database.azure.com", sslmode = "verify-full", sslrootcert = "azure" }
)");
    EXPECT_EQ(settings.admin.listen, Address(TcpAddress{"127.0.0.1", 9433}));
    EXPECT_EQ(settings.log, (Log{LogLevel::warn, LogFormat::json}));
    EXPECT_EQ(settings.limits.max_connections, 7U);
    EXPECT_EQ(settings.limits.startup_timeout, 1s);
    EXPECT_EQ(settings.limits.drain_timeout, 2min);
    Upstream upstream;
    upstream.targets = {Target{"mydemoserver.postgres.database.azure.com", "", 5432}};
    upstream.sslrootcert = "azure";
    const std::vector<Address> addresses = {TcpAddress{"127.0.0.1", 5433},
                                            UnixAddress{"/run/postgresql/.s.PGSQL.5432"}};
    EXPECT_THAT(settings.listeners, ElementsAre(Listener{"app", addresses, upstream}));
}

TEST(File, WhatItLeavesOutHasItsDefault) {
    const Settings settings = settings_of(listener);
    Upstream upstream;
    upstream.targets = {Target{"db", "", 5432}};
    EXPECT_EQ(settings.admin, Admin());
    EXPECT_EQ(settings.log, Log());
    EXPECT_EQ(settings.limits, Limits());
    EXPECT_THAT(settings.listeners, ElementsAre(Listener{"main", {TcpAddress{"127.0.0.1", 5432}}, upstream}));
}

TEST(File, TheOtherKeys) {
    const Settings settings =
        settings_of("[admin]\nlisten = 'off'\nready_probe = '0'\nquitquitquit = true\n"
                    "[log]\nmax_repeats = 0\n"
                    "[limits]\nhalf_close_timeout = '0'\nidle_timeout = '1h'\nworkers = 3\ndrain_timeout = '0'\n"
                    "drain_delay = '5s'\n" +
                    listener + "max_connections = 4\n");
    EXPECT_EQ(settings.admin, (Admin{std::nullopt, 0ms, true}));
    EXPECT_EQ(settings.log.max_repeats, 0U);
    EXPECT_EQ(settings.limits.half_close_timeout, 0ms);
    EXPECT_EQ(settings.limits.idle_timeout, 1h);
    EXPECT_EQ(settings.limits.drain_timeout, 0ms);
    EXPECT_EQ(settings.limits.drain_delay, 5s);
    EXPECT_EQ(settings.limits.workers, 3U);
    EXPECT_EQ(settings.listeners.at(0).max_connections, 4U);
}

TEST(File, AnUpstreamIsATableOrAConninfo) {
    const char* const spellings[] = {
        "[[listener]]\nupstream = { host = 'a,b', port = '1,2', sslsni = false, connect_timeout = 3 }\n",
        "[[listener]]\nupstream = { host = 'a,b', port = '1,2', sslsni = 0, connect_timeout = '3' }\n",
        "[[listener]]\n[listener.upstream]\nhost = 'a,b'\nport = '1,2'\nsslsni = '0'\nconnect_timeout = 3\n",
        "[[listener]]\nupstream = 'host=a,b port=1,2 sslsni=0 connect_timeout=3'\n",
        "[[listener]]\nupstream = 'postgresql://a:1,b:2?sslsni=0&connect_timeout=3'\n",
    };
    Upstream expected;
    expected.targets = {Target{"a", "", 1}, Target{"b", "", 2}};
    expected.sslsni = false;
    expected.connect_timeout = 3s;
    for (const char* text : spellings) {
        SCOPED_TRACE(text);
        EXPECT_EQ(settings_of(text).listeners.at(0).upstream, expected);
    }
}

TEST(File, NumbersAndSwitches) {
    const Upstream upstream =
        settings_of("[[listener]]\nupstream = { host = 'a', port = 1, keepalives = false, keepalives_idle = 2 }\n")
            .listeners.at(0)
            .upstream;
    EXPECT_EQ(upstream.targets.at(0).port, 1);
    EXPECT_FALSE(upstream.keepalives);
    EXPECT_EQ(upstream.keepalives_idle, 2s);
    EXPECT_TRUE(settings_of("[[listener]]\nupstream = { host = 'a', keepalives = true }\n")
                    .listeners.at(0)
                    .upstream.keepalives);
}

TEST(File, SeveralListeners) {
    const Settings settings = settings_of("[[listener]]\nname = 'a'\naddress = '127.0.0.1:0'\nupstream = 'host=x'\n"
                                          "[[listener]]\nname = 'b'\naddress = '127.0.0.1:0'\nupstream = 'host=y'\n");
    ASSERT_EQ(settings.listeners.size(), 2U);
    EXPECT_EQ(settings.listeners[0].name, "a");
    EXPECT_EQ(settings.listeners[1].upstream.targets.at(0).host, "y");
}

} // namespace
} // namespace config
