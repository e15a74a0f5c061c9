#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;
using test::toml_error;
using test::variables;
using testing::StartsWith;

struct Case {
    const char* text;
    const char* message;
};

void expect(std::initializer_list<Case> cases) {
    for (const auto& [text, message] : cases) {
        SCOPED_TRACE(text);
        EXPECT_THAT(toml_error(text), StartsWith(message));
    }
}

TEST(FileError, Syntax) {
    expect({
        {"x = \n", "proxy.toml:1:5: Error while parsing key-value pair"},
        {"[log]\nlevel = 'info'\nlevel = 'info'\n", "proxy.toml:3:"},
        {"[admin\n", "proxy.toml:1:7: "},
        {"x = i\x1b", "proxy.toml:1:6: Error while parsing floating-point: expected 'inf', saw 'i\\x1b'"},
    });
}

TEST(FileError, UnknownKeys) {
    expect({
        {"[lgo]\n", "proxy.toml:1:2: unknown key \"lgo\"; did you mean \"log\"?"},
        {"upstream = 'host=db'\n",
         "proxy.toml:1:1: unknown key \"upstream\"; the keys here are admin, log, limits, listener"},
        {"[admin]\nlisen = 'off'\n", "proxy.toml:2:1: unknown key \"lisen\" in [admin]; did you mean \"listen\"?"},
        {"[log]\n  colour = true\n",
         "proxy.toml:2:3: unknown key \"colour\" in [log]; the keys here are level, format"},
        {"[limits]\nmax_conections = 1\n",
         "proxy.toml:2:1: unknown key \"max_conections\" in [limits]; did you mean \"max_connections\"?"},
        {"[[listener]]\nadress = ''\n",
         "proxy.toml:2:1: unknown key \"adress\" in [listener]; did you mean \"address\"?"},
        {"[[listener]]\nupstream = { hots = 'db' }\n",
         "proxy.toml:2:14: unknown keyword \"hots\"; did you mean \"host\"?"},
        {"[[listener]]\nupstream = 'hots=db'\n", "proxy.toml:2:12: unknown keyword \"hots\"; did you mean \"host\"?"},
    });
}

TEST(FileError, WrongTypes) {
    expect({
        {"log = 'info'\n", "proxy.toml:1:7: log: expected a table, found a string"},
        {"log = 2024-01-01\n", "proxy.toml:1:7: log: expected a table, found a date or time"},
        {"[admin]\nlisten = 9432\n", "proxy.toml:2:10: admin.listen: expected a string, found an integer"},
        {"[admin]\nready_probe = 60\n",
         "proxy.toml:2:15: admin.ready_probe: expected a duration such as \"10s\", found an integer"},
        {"[limits]\nworkers = '2'\n", "proxy.toml:2:11: limits.workers: expected an integer, found a string"},
        {"[limits]\nworkers = 1.5\n", "proxy.toml:2:11: limits.workers: expected an integer, found a float"},
        {"listener = 'x'\n", "proxy.toml:1:12: listener: expected [[listener]], with two brackets, found a string"},
        {"[listener]\nname = 'x'\n",
         "proxy.toml:1:1: listener: expected [[listener]], with two brackets, found a table"},
        {"[[listener]]\naddress = 5432\n",
         "proxy.toml:2:11: listener.address: expected an address or an array of them, found an integer"},
        {"[[listener]]\naddress = []\n",
         "proxy.toml:2:11: listener.address: expected an address or an array of them, found an empty array"},
        {"[[listener]]\naddress = ['127.0.0.1:1',\n5432]\n",
         "proxy.toml:3:1: listener.address: expected a string, found an integer"},
        {"[[listener]]\nupstream = ['host=db']\n",
         "proxy.toml:2:12: listener.upstream: expected a table or a conninfo string, found an array"},
        {"[[listener]]\nupstream = { host = ['a', 'b'] }\n",
         "proxy.toml:2:21: upstream.host: expected a string, found an array"},
        {"[[listener]]\nupstream = { host = true }\n",
         "proxy.toml:2:21: upstream.host: expected a string, found a boolean"},
        {"[[listener]]\nupstream = { connect_timeout = true }\n",
         "proxy.toml:2:32: upstream.connect_timeout: expected an integer, found a boolean"},
        {"[[listener]]\nupstream = { sslsni = 1.0 }\n",
         "proxy.toml:2:23: upstream.sslsni: expected a boolean, found a float"},
    });
}

TEST(FileError, WrongValues) {
    expect({
        {"[log]\nlevel = 'inf'\n",
         "proxy.toml:2:9: log.level: \"inf\" is not one of debug, info, warn, error; did you mean \"info\"?"},
        {"[limits]\nmax_connections = 0\n",
         "proxy.toml:2:19: limits.max_connections: 0 is out of range; it can be 1 to 1000000"},
        {"[limits]\nworkers = -1\n", "proxy.toml:2:11: limits.workers: -1 is out of range; it can be 0 to 1024"},
        {"[limits]\nstartup_timeout = '0'\n", "proxy.toml:2:19: limits.startup_timeout: 0 leaves no time at all"},
        {"[limits]\ndrain_timeout = '30'\n", "proxy.toml:2:17: limits.drain_timeout: \"30\" is not a duration"},
        {"[admin]\nlisten = 'localhost'\n",
         "proxy.toml:2:10: admin.listen: \"localhost\" has no port; write localhost:5432"},
        {"[[listener]]\nname = ''\n", "proxy.toml:2:8: listener.name: \"\" is no name"},
        {"[[listener]]\nname = \"a\\nb\"\n", "proxy.toml:2:8: listener.name: \"a\\x0ab\" is no name"},
        {"[[listener]]\naddress = ['127.0.0.1']\n", "proxy.toml:2:12: listener.address: \"127.0.0.1\" has no port"},
        {"[[listener]]\nupstream = { host = 'db', port = 70000 }\n",
         "proxy.toml:2:34: port: \"70000\" is out of range; a port is 1 to 65535"},
        {"[[listener]]\nupstream = 'host=db sslmode=prefer'\n", "proxy.toml:2:12: sslmode: \"prefer\" is refused"},
        {"[[listener]]\nupstream = { host = 'db', sslmode = 'verify-all' }\n",
         "proxy.toml:2:37: sslmode: \"verify-all\" is a misprint"},
        {"[[listener]]\nupstream = 'db.example.com'\n",
         "proxy.toml:2:12: character 1: expected host=NAME or postgresql://NAME"},
    });
}

TEST(FileError, ListenersWithoutAnUpstream) {
    const std::string way_out = "no host to connect to; set upstream.host in the file or, for a single listener, give "
                                "--upstream host=NAME or PGHOST";
    EXPECT_EQ(toml_error("[[listener]]\n"), "proxy.toml:1:1: listener \"main\": " + way_out);
    EXPECT_EQ(toml_error("\n[[listener]]\nname = 'a'\nupstream = { sslmode = 'require' }\n"),
              "proxy.toml:2:1: listener \"a\": " + way_out);
}

TEST(FileError, ListenersInEachOthersWay) {
    const std::string first = "[[listener]]\nname = 'a'\nupstream = 'host=x'\naddress = '127.0.0.1:1'\n";
    EXPECT_EQ(
        toml_error(first + "[[listener]]\nname = 'a'\nupstream = 'host=x'\n"),
        "proxy.toml:5:1: listener \"a\": the name is taken already (proxy.toml:1:1: listener \"a\"); give each its "
        "own");
    EXPECT_EQ(
        toml_error(first + "[[listener]]\nname = 'b'\nupstream = 'host=x'\naddress = '127.0.0.1:1'\n"),
        "proxy.toml:8:11: listener.address: \"127.0.0.1:1\" is taken already (proxy.toml:4:11: listener.address)");
    EXPECT_EQ(toml_error("[[listener]]\nupstream = 'host=x'\naddress = ['unix:/a', 'unix:/a']\n"),
              "proxy.toml:3:23: listener.address: \"unix:/a\" is taken already (proxy.toml:3:12: listener.address)");
    EXPECT_EQ(
        toml_error("[[listener]]\nname = 'a'\nupstream = 'host=x'\n[[listener]]\nname = 'b'\nupstream = 'host=x'\n"),
        "proxy.toml:4:1: listener \"b\", default address: \"127.0.0.1:5432\" is taken already (proxy.toml:1:1: "
        "listener \"a\", default address)");
    EXPECT_EQ(toml_error("[admin]\nlisten = '127.0.0.1:1'\n" + first),
              "proxy.toml:2:10: admin.listen: \"127.0.0.1:1\" is taken already (proxy.toml:6:11: listener.address)");
}

TEST(FileError, AFileThatCannotBeRead) {
    const auto error_for = [](const char* path) {
        return error_of([&] { return load({.config = path}, variables()); });
    };
    EXPECT_EQ(error_for("/no/such/file"), "--config: cannot read \"/no/such/file\": No such file or directory");
    EXPECT_EQ(error_for("/"), "--config: cannot read \"/\": it is a directory");
    EXPECT_EQ(error_of([] {
                  return load({}, variables({{"PG_TLS_PROXY_CONFIG", "/no/such/file"}}));
              }),
              "PG_TLS_PROXY_CONFIG: cannot read \"/no/such/file\": No such file or directory");
}

} // namespace
} // namespace config
