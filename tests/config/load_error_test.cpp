#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;
using test::toml_error;
using test::variables;
using testing::StartsWith;

std::string error_for(const Overrides& flags, const Environment& environment = variables()) {
    return error_of([&] { return load(flags, environment); });
}

TEST(LoadError, WithoutAnUpstreamTheShortestCommandIsShown) {
    const std::string message = "there is no upstream to connect to; the shortest command that works is\n"
                                "    pg-tls-proxy --upstream host=mydemoserver.postgres.database.azure.com";
    EXPECT_EQ(error_for({}), message);
    EXPECT_EQ(error_for({}, variables({{"PGPORT", "5432"}, {"PGHOST", ""}})), message);
    EXPECT_EQ(toml_error("[log]\nlevel = 'debug'\n"), message);
}

TEST(LoadError, FlagsAreNamed) {
    const std::pair<Overrides, const char*> cases[] = {
        {{.upstream = "port=1"}, "--upstream: no host to connect to; set upstream.host in the file or"},
        {{.upstream = "host=a sslmode=allow"}, "--upstream: sslmode: \"allow\" is refused"},
        {{.upstream = "host='a"}, "--upstream: character 6: the quote that opens here is never closed"},
        {{.listen = {"127.0.0.1:1", "x"}, .upstream = "host=a"}, "--listen: \"x\" is not an address to listen on"},
        {{.listen = {"127.0.0.1:1", "127.0.0.1:1"}, .upstream = "host=a"},
         "--listen: \"127.0.0.1:1\" is taken already (--listen)"},
        {{.listen = {"127.0.0.1:9432"}, .upstream = "host=a"},
         "admin.listen, default address: \"127.0.0.1:9432\" is taken already (--listen)"},
        {{.upstream = "host=a", .admin = "127.0.0.1:5432"},
         "--admin: \"127.0.0.1:5432\" is taken already (listener \"main\", default address)"},
        {{.upstream = "host=a", .admin = "no"}, "--admin: \"no\" is not an address to listen on"},
        {{.upstream = "host=a", .log_level = "warning"},
         "--log-level: \"warning\" is not one of debug, info, warn, error"},
        {{.upstream = "host=a", .log_format = "jsno"},
         "--log-format: \"jsno\" is not one of text, json; did you mean \"json\"?"},
        {{.upstream = "host=a", .warm = "some"}, "--warm: \"some\" is not a whole number"},
        {{.upstream = "host=a", .warm = "-1"}, "--warm: \"-1\" is out of range; it can be 0 to 1000"},
        {{.upstream = "host=a", .ready_probe = "60"}, "--ready-probe: \"60\" is not a duration"},
    };
    for (const auto& [flags, message] : cases) {
        SCOPED_TRACE(message);
        EXPECT_THAT(error_for(flags), StartsWith(message));
    }
}

TEST(LoadError, VariablesAreNamed) {
    const std::pair<std::map<std::string, std::string>, const char*> cases[] = {
        {{{"PGHOST", "/tmp"}}, "PGHOST: host: \"/tmp\" is a Unix socket"},
        {{{"PGHOST", "a"}, {"PGPORT", "x"}}, "PGPORT: port: \"x\" is not a whole number"},
        {{{"PGHOST", "a"}, {"PGSSLMODE", "prefer"}}, "PGSSLMODE: sslmode: \"prefer\" is refused"},
        {{{"PGHOSTADDR", "10.0.0.1"}}, "PGHOSTADDR: hostaddr: sslmode=verify-full needs the name to verify as well"},
        {{{"PG_TLS_PROXY_UPSTREAM", "db"}}, "PG_TLS_PROXY_UPSTREAM: character 1: expected host=NAME"},
        {{{"PGHOST", "a"}, {"PG_TLS_PROXY_LISTEN", "127.0.0.1:1,"}}, "PG_TLS_PROXY_LISTEN: \"\" is not an address"},
        {{{"PGHOST", "a"}, {"PG_TLS_PROXY_ADMIN", "x"}}, "PG_TLS_PROXY_ADMIN: \"x\" is not an address"},
        {{{"PGHOST", "a"}, {"PG_TLS_PROXY_LOG_LEVEL", "x"}}, "PG_TLS_PROXY_LOG_LEVEL: \"x\" is not one of"},
        {{{"PGHOST", "a"}, {"PG_TLS_PROXY_LOG_FORMAT", "x"}}, "PG_TLS_PROXY_LOG_FORMAT: \"x\" is not one of"},
    };
    for (const auto& [values, message] : cases) {
        SCOPED_TRACE(message);
        EXPECT_THAT(error_for({}, variables(values)), StartsWith(message));
    }
}

TEST(LoadError, PortZeroIsFreeForAll) {
    EXPECT_EQ(error_for({.listen = {"127.0.0.1:0", "127.0.0.1:0"}, .upstream = "host=a", .admin = "127.0.0.1:0"}),
              "no error");
}

} // namespace
} // namespace config
