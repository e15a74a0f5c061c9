#include "config/portal.h"
#include "config/upstream.h"
#include "tests/config/support.h"

#include <algorithm>

namespace config {
namespace {

using test::error_of;
using test::load_toml;
using test::variables;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string host = "mydemoserver.postgres.database.azure.com";
const std::string ignored_session = ": about the session, which the application opens itself";

/// With `~` for the server's name.
std::string text_of(std::string text) {
    for (std::size_t at = text.find('~'); at != text.npos; at = text.find('~')) {
        text.replace(at, 1, host);
    }
    return text;
}

/// What stands for a password here, in every text.
const std::string password = "{your_password}";

std::string notice_of(const std::string& sslmode, const std::string& place = "--upstream") {
    return place + ": sslmode: verify-full is used, although the pasted text asks for \"" + sslmode +
           "\"; to verify less, write host=NAME sslmode=require";
}

struct Text {
    const char* text;
    /// The pasted sslmode that is weaker than verify-full.
    std::string weak;
    std::string ignored;
};

/// As the portal, its command line and its manual show them, over the years.
const Text portal_texts[] = {
    {"jdbc:postgresql://~:6432/{your_database}?user=myadmin@mydemoserver&password={your_password}&sslmode=require",
     "require", "dbname, user, password"},
    {"jdbc:postgresql://~:6432/{your_database}?user=myadmin&password={your_password}", "", "dbname, user, password"},
    {R"(String url = "jdbc:postgresql://~:6432/app?user=myadmin&password={your_password}&sslmode=verify-full";)", "",
     "dbname, user, password"},
    {"Server=~;Database={your_database};Port=6432;User Id=myadmin@mydemoserver;Password={your_password};Ssl "
     "Mode=Require;",
     "require", "dbname, user, password"},
    {"Server=~;Port=6432;Database=app;User Id=me;Password={your_password};Ssl Mode=VerifyCA;Trust Server "
     "Certificate=true",
     "verify-ca", "dbname, user, password"},
    {"Host=~; Port=6432; Username=me; Password=\"{your_password};\"; SSL Mode=VerifyFull", "", "user, password"},
    {"Database={your_database}; Data Source=~; Port=6432; User Id=myadmin@mydemoserver; Password={your_password}", "",
     "dbname, user, password"},
    {R"(pg_connect("host=~ port=6432 dbname={your_database} user=myadmin password={your_password}");)", "",
     "dbname, user, password"},
    {R"($conn = pg_connect("host=~ port=6432 dbname=app user=me password={your_password} sslmode=require");)",
     "require", "dbname, user, password"},
    {"pgsql:host=~;port=6432;dbname=app", "", "dbname"},
    {"pgsql:host=~;port=6432;dbname=app;sslmode=prefer", "prefer", "dbname"},
    {R"($pdo = new PDO("pgsql:host=~;port=6432;dbname=app", "me", "{your_password}");)", "", "dbname"},
    {R"(cnx = psycopg2.connect(user="me", password="{your_password}", host="~", port=6432, database="{your_database}"))",
     "", "user, password, dbname"},
    {"conn = psycopg2.connect(\"dbname='app' user='me' host='~' password='{your_password}' port='6432'\")", "",
     "dbname, user, password"},
    {"dbname='{your_database}' user='myadmin@mydemoserver' host='~' password='{your_password}' port='6432' "
     "sslmode='true'",
     "require", "dbname, user, password"},
    {R"(connection = PG::Connection.new(:host => "~", :user => "me", :password => "{your_password}", )"
     R"(:dbname => "app", :port => "6432", :sslmode => 'require'))",
     "require", "user, password, dbname"},
    {R"(PG.connect(host: "~", port: 6432, user: ENV["PGUSER"], password: ENV.fetch("A", "B"), sslmode: "disable"))",
     "disable", "user, password"},
    {"host=~; dbname={your_database} user=me password={your_password} port=6432 sslmode=require", "require",
     "dbname, user, password"},
    {R"(var config = {host: "~", user: "me", password: "{your_password}", database: "{your_database}", port: 6432, )"
     R"(ssl: {ca: fs.readFileSync("{ca-cert filename}")}};)",
     "", "user, password, dbname"},
    {R"(var conn = new Client({host:"~", user:"me", password:{your_password}, database:"app", port:6432, )"
     R"(ssl:{ca:fs.readFileSync("{ca-cert filename}")}});)",
     "", "user, password, dbname"},
    {"const config = {\n  host: '~',\n  user: 'me',\n  password: '{your_password}',\n  port: 6432,\n"
     "  ssl: { rejectUnauthorized: false },\n};",
     "require", "user, password"},
    {R"({"host": "~", "port": 6432, "user": "me", "ssl": false})", "disable", "user"},
    {R"(psql "host=~ port=6432 dbname={your_database} user=me password={your_password} sslmode=require")", "require",
     "dbname, user, password"},
    {"psql host=~ port=6432 dbname={your_database} user=me password={your_password} sslmode=allow", "allow",
     "dbname, user, password"},
    {"psql 'postgresql://me:{your_password}@~:6432/app?sslmode=verify-ca'", "verify-ca", "user, password, dbname"},
};

TEST(Portal, EveryLanguageLeadsToTheServer) {
    for (const Text& each : portal_texts) {
        SCOPED_TRACE(each.text);
        const Loaded loaded = load({.upstream = text_of(each.text)}, variables({{"PGPORT", "7"}}));
        Upstream expected;
        expected.targets = {Target{host, "", 6432}};
        EXPECT_EQ(loaded.settings.listeners.at(0).upstream, expected);

        std::vector<std::string> notices;
        if (!each.weak.empty()) {
            notices.push_back(notice_of(each.weak));
        }
        notices.push_back("ignored " + each.ignored + ignored_session);
        EXPECT_EQ(loaded.notices, notices);
    }
}

TEST(Portal, WhatTheSessionNeedsComesWithoutItsValue) {
    for (const Text& each : portal_texts) {
        SCOPED_TRACE(each.text);
        const auto parameters = parse_portal_string(text_of(each.text), "--upstream");
        ASSERT_TRUE(parameters);
        for (const Parameter& parameter : *parameters) {
            EXPECT_THAT(parameter.value, testing::AnyOf(host, "6432", "verify-full", "")) << parameter.keyword;
        }
    }
}

TEST(Portal, LibpqsOwnNotationsAreLeftAlone) {
    for (const char* text : {"",
                             "db",
                             "host=db",
                             "host = db user=x",
                             "host=db sslmode=require",
                             "host=db password={your_password}",
                             "host=db password='Server=a;'",
                             "password=pg_connect(\"host=a\")",
                             "password='host=a' host=db",
                             "user=\"host=a\"",
                             "host='db;'",
                             "postgresql://db?sslmode=require",
                             "postgresql://u:sslmode='true'@db",
                             "host",
                             "=",
                             "HOST=a nonsense=1",
                             "sslmod='require'",
                             "psql",
                             "psql --host=db",
                             "jdbc:mysql://db/app",
                             "connect()",
                             "f(\"\")",
                             "f(\"x\")",
                             "f({})",
                             "Server=db",
                             "it's",
                             "f(\"host=db"}) {
        EXPECT_FALSE(parse_portal_string(text, "--upstream")) << text;
    }
}

TEST(Portal, PgSslModeDoesNotWeakenAPastedText) {
    const std::string text = "jdbc:postgresql://db/app?sslmode=require";
    EXPECT_EQ(load({.upstream = text}, variables({{"PGSSLMODE", "require"}})).settings.listeners[0].upstream.sslmode,
              SslMode::verify_full);
}

TEST(Portal, EverywhereAConninfoMayStand) {
    const std::string text = "Server=db;Ssl Mode=Require;";
    EXPECT_EQ(load({}, variables({{"PG_TLS_PROXY_UPSTREAM", text}})).notices,
              std::vector{notice_of("require", "PG_TLS_PROXY_UPSTREAM")});
    const Loaded loaded = load_toml("[[listener]]\nupstream = '" + text + "'\n");
    EXPECT_EQ(loaded.settings.listeners.at(0).upstream.targets, std::vector({Target{"db", "", 5432}}));
    EXPECT_THAT(loaded.notices, ElementsAre(HasSubstr("proxy.toml:2:12: sslmode: verify-full is used")));
    // The notice is for what counts.
    EXPECT_THAT(load_toml("[[listener]]\nupstream = '" + text + "'\n", {.upstream = "host=x"}).notices,
                testing::IsEmpty());
}

TEST(Portal, OtherSettingsOfTlsAreTaken) {
    const auto upstream = [](const std::string& text) {
        return make_upstream(parse_conninfo(text, "--upstream"), "--upstream").upstream;
    };
    EXPECT_EQ(upstream("Server=db;Root Certificate=/ca.pem").sslrootcert, "/ca.pem");
    EXPECT_EQ(upstream("jdbc:postgresql://db/?sslrootcert=%2Fca.pem&sslcert=/c&sslkey=/k").sslrootcert, "/ca.pem");
    EXPECT_EQ(upstream("psql 'host=a,b port=1,2 sslrootcert=azure'").targets.size(), 2U);
    EXPECT_EQ(upstream("jdbc:postgresql://[::1]:1,b:2/app").targets,
              std::vector({Target{"::1", "", 1}, Target{"b", "", 2}}));
    // A query that has an "@" is no user.
    EXPECT_EQ(upstream("jdbc:postgresql://db:1?user=me@db").targets, std::vector({Target{"db", "", 1}}));
}

TEST(Portal, BrokenTextsAreExplained) {
    const std::string plain = "not a plain value; put the real one there";
    const std::string unknown = "a setting that is not known here; leave it out";
    const std::pair<const char*, std::string> cases[] = {
        {"Server=db;Pooling=true;", "character 11: " + unknown},
        {"Server=db;s3cret;Port=1", "character 11: expected a key and its value"},
        {"Server=db;Password=\"s3cret;Port=1", "character 20: the quote that opens here is never closed"},
        {"Server=db;Password=\"s3\"cret;Port=1", "character 24: expected the end of the value in front of it"},
        {"Server=db Password=s3cret;Port=1", "character 1: host: " + plain},
        {"Server=db;Port=1 Password=s3cret;", "character 11: port: " + plain},
        {"Server=db;Ssl Mode=Require Password=s3cret;", "character 11: sslmode: " + plain},
        {"Server=db;Password=a;s3cret=b", "character 22: " + unknown},
        {"Server={your_server};Password=s3cret", "character 1: host: " + plain},
        {"psql \"host=<name> password=s3cret\"", "character 7: host: " + plain},
        {"psql \"host=db password=my s3cret port=1\"", "character 27: " + unknown},
        {"f(host=\"db\" password=\"s3cret\")", "character 13: expected the end of the value in front of it"},
        {"f(host=name, password=\"s3cret\")", "character 3: host: " + plain},
        {"f(host=\"db\", port=process.env.S3CRET)", "character 14: port: " + plain},
        {"f({host: \"db\", ...s3cret})", "character 16: expected a key and its value"},
        {"jdbc:postgresql://db/app?user=me&loginTimeout=3", "URI: " + unknown},
        {"jdbc:postgresql://me:s3cret@db/app", "URI: the port is not a number; in a user name or password write \":\" "
                                               "as %3A, \"/\" as %2F, \"@\" as %40"},
        {"jdbc:postgresql://db/app?password=s3cret&&", "URI: every query parameter is keyword=value, with \"=\" and "
                                                       "\"&\" in a value as %3D and %26"},
        {"Database=app;Password=s3cret", "no host to connect to; set upstream.host in the file or, for a single "
                                         "listener, give --upstream host=NAME or PGHOST"},
        {"Server=db;Ssl Mode=Sometimes", "sslmode: \"Sometimes\" is not one of require, verify-ca, verify-full"},
        {"jdbc:postgresql://db/app?sslmode=verify-all",
         "sslmode: \"verify-all\" is a misprint that libpq does not know either; verify-full was meant"},
        {"Server=db;Ssl Mode=VerifyAll;",
         "sslmode: \"verify-all\" is a misprint that libpq does not know either; verify-full was meant"},
    };
    for (const auto& [text, message] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(error_of([&text = text] { return load({.upstream = text}, variables()); }), "--upstream: " + message);
    }
}

// Whatever is lost or doubled in copying, the password is not shown.
TEST(Portal, NoDamageShowsAPassword) {
    for (const Text& each : portal_texts) {
        std::string whole = text_of(each.text);
        if (const std::size_t at = whole.find(password); at != whole.npos) {
            whole.replace(at, password.size(), "s3cret");
        }
        for (std::size_t i = 0; i < whole.size(); ++i) {
            const std::string begin = whole.substr(0, i);
            for (const std::string& damaged :
                 {begin, whole.substr(i), begin + whole.substr(i + 1), begin + whole[i] + whole.substr(i),
                  begin + ' ' + whole.substr(i), begin + '"' + whole.substr(i), begin + ';' + whole.substr(i)}) {
                std::string said;
                try {
                    for (const std::string& notice : load({.upstream = damaged}, variables()).notices) {
                        said += notice + '\n';
                    }
                } catch (const Error& error) {
                    said = error.what();
                }
                ASSERT_THAT(said, Not(HasSubstr("s3cret"))) << damaged;
            }
        }
    }
}

} // namespace
} // namespace config
