#include "config/uri.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs parse(std::string_view text) {
    Pairs pairs;
    for (const Parameter& parameter : parse_conninfo(text, "PG_TLS_PROXY_UPSTREAM")) {
        EXPECT_EQ(parameter.place, "PG_TLS_PROXY_UPSTREAM");
        pairs.emplace_back(parameter.keyword, parameter.value);
    }
    return pairs;
}

void expect(std::initializer_list<std::pair<const char*, Pairs>> cases) {
    for (const auto& [text, pairs] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse(text), pairs);
    }
}

TEST(Uri, EveryPartIsOptional) {
    expect({
        {"postgresql://", {}},
        {"postgres://", {}},
        {"postgresql://db", {{"host", "db"}}},
        {"postgres://db:5433", {{"host", "db"}, {"port", "5433"}}},
        {"postgresql://db:", {{"host", "db"}}},
        {"postgresql://:5433", {{"port", "5433"}}},
        {"postgresql:///app", {{"dbname", "app"}}},
        {"postgresql://db/", {{"host", "db"}}},
        {"postgresql://me@db", {{"user", "me"}, {"host", "db"}}},
        {"postgresql://me:pw@db/app?sslmode=require",
         {{"user", "me"}, {"password", "pw"}, {"host", "db"}, {"dbname", "app"}, {"sslmode", "require"}}},
        {"postgresql://@db", {{"host", "db"}}},
        {"postgresql://me:@db", {{"user", "me"}, {"host", "db"}}},
        {"postgresql://:pw@db", {{"password", "pw"}, {"host", "db"}}},
        {"postgresql://me%40server:p:w@db", {{"user", "me@server"}, {"password", "p:w"}, {"host", "db"}}},
    });
}

TEST(Uri, Hosts) {
    expect({
        {"postgresql://a,b", {{"host", "a,b"}, {"port", ","}}},
        {"postgresql://a:1,b:2/x", {{"host", "a,b"}, {"port", "1,2"}, {"dbname", "x"}}},
        {"postgresql://a,b:2", {{"host", "a,b"}, {"port", ",2"}}},
        {"postgresql://[::1]", {{"host", "::1"}}},
        {"postgresql://[2001:db8::1]:5433/x", {{"host", "2001:db8::1"}, {"port", "5433"}, {"dbname", "x"}}},
        {"postgresql://[::1]:1,db?x=y", {{"host", "::1,db"}, {"port", "1,"}, {"x", "y"}}},
        {"postgresql://[fe80::1%25eth0]", {{"host", "fe80::1%eth0"}}},
        {"postgresql://%2Fvar%2Frun", {{"host", "/var/run"}}},
    });
}

TEST(Uri, QueryParameters) {
    expect({
        {"postgresql://db?sslmode=verify-full&sslrootcert=%2Fetc%2Froot.crt",
         {{"host", "db"}, {"sslmode", "verify-full"}, {"sslrootcert", "/etc/root.crt"}}},
        {"postgresql://?host=a&host=b", {{"host", "a"}, {"host", "b"}}},
        {"postgresql://db?", {{"host", "db"}}},
        {"postgresql://db?a=", {{"host", "db"}, {"a", ""}}},
        {"postgresql://db?a=1&", {{"host", "db"}, {"a", "1"}}},
        {"postgresql://db?options=-c%20geqo%3Doff", {{"host", "db"}, {"options", "-c geqo=off"}}},
        {"postgresql://db?a=%26%3d%25", {{"host", "db"}, {"a", "&=%"}}},
        {"postgresql://db?a=b+c#d", {{"host", "db"}, {"a", "b+c#d"}}},
        {"postgresql://db/x?a=b/c?d", {{"host", "db"}, {"dbname", "x"}, {"a", "b/c?d"}}},
    });
}

TEST(Uri, SslTrueMeansRequireAsInLibpq) {
    expect({
        {"postgresql://db?ssl=true", {{"host", "db"}, {"sslmode", "require"}}},
        {"postgresql://db?ssl=false", {{"host", "db"}, {"ssl", "false"}}},
    });
    // Only in a URI.
    EXPECT_EQ(parse("ssl=true"), (Pairs{{"ssl", "true"}}));
}

TEST(Uri, BlanksAroundAPartAreDropped) {
    expect({
        {"postgresql://db:5433\n", {{"host", "db"}, {"port", "5433"}}},
        {"postgresql://db?sslmode=require\r\n", {{"host", "db"}, {"sslmode", "require"}}},
        {"postgresql:// db /app", {{"host", "db"}, {"dbname", "app"}}},
        {"postgresql://db?a=%20b%20", {{"host", "db"}, {"a", " b "}}},
    });
}

TEST(Uri, ErrorsSayWhatToWrite) {
    const std::pair<const char*, const char*> cases[] = {
        {"postgresql://[::1", "a '[' is never closed; write an IPv6 address as [::1]"},
        {"postgresql://[]", "there is no address between '[' and ']'"},
        {"postgresql://[::1]5432", "expected ':', ',', '/' or '?' behind ']'"},
        {"postgresql://me:p@ss@db", "the host has an \"@\": in a user name or password write it as %40"},
        {"postgresql://me:p/ss@db", "the port is not a number; in a user name or password write \":\" as %3A, \"/\" as "
                                    "%2F, \"@\" as %40"},
        {"postgresql://db?sslmode",
         "every query parameter is keyword=value, with \"=\" and \"&\" in a value as %3D and "
         "%26"},
        {"postgresql://db?&a=1", "every query parameter is keyword=value, with \"=\" and \"&\" in a value as %3D and "
                                 "%26"},
        {"postgresql://db?a=b=c", "every query parameter is keyword=value, with \"=\" and \"&\" in a value as %3D and "
                                  "%26"},
        {"postgresql://me:100%@db", "password has a \"%\" without two hexadecimal digits; write a literal one as %25"},
        {"postgresql://db?port=%4", "\"port\" has a \"%\" without two hexadecimal digits; write a literal one as %25"},
        {"postgresql://db%zz", "host has a \"%\" without two hexadecimal digits; write a literal one as %25"},
        {"postgresql://db?port=%-1", "\"port\" has a \"%\" without two hexadecimal digits; write a literal one as %25"},
        {"postgresql://db%00", "host holds %00, a NUL byte"},
        {"postgresql://d b", "host has a blank; write it as %20"},
        // The password is "5/b?secret=%": whatever it looks like, it is not shown.
        {"postgresql://me:5/b?secret=%@db",
         "a query parameter has a \"%\" without two hexadecimal digits; write a literal one as "
         "%25"},
        {"postgresql://db?%zz=1",
         "a query parameter has a \"%\" without two hexadecimal digits; write a literal one as "
         "%25"},
    };
    for (const auto& [text, message] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(error_of([&text = text] { return parse_conninfo(text, "--upstream"); }),
                  std::string("--upstream: URI: ") + message);
    }
}

} // namespace
} // namespace config
