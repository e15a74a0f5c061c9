#include "config/upstream.h"
#include "tests/config/support.h"

namespace config {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ParsedUpstream parse(std::string_view conninfo) {
    return make_upstream(parse_conninfo(conninfo, "--upstream"), "--upstream");
}

/// The upstream with `keyword=value` beside a host.
Upstream with(const std::string& pair) {
    return parse("host=db " + pair).upstream;
}

std::string error_with(const std::string& pairs) {
    return error_of([&] { return parse("host=db " + pairs); });
}

TEST(Upstream, AHostIsEnough) {
    Upstream expected;
    expected.targets = {Target{"db", "", 5432}};
    EXPECT_EQ(with(""), expected);
    EXPECT_EQ(expected.sslmode, SslMode::verify_full);
}

TEST(Upstream, EveryKeywordArrives) {
    EXPECT_EQ(with("hostaddr=10.0.0.1 port=6432").targets, std::vector({Target{"db", "10.0.0.1", 6432}}));
    EXPECT_EQ(with("sslmode=verify-ca").sslmode, SslMode::verify_ca);
    EXPECT_EQ(with("sslnegotiation=direct").sslnegotiation, SslNegotiation::direct);
    EXPECT_EQ(with("sslrootcert=azure").sslrootcert, "azure");
    EXPECT_EQ(with("sslcrl=/crl").sslcrl, "/crl");
    EXPECT_EQ(with("sslcrldir=/crls").sslcrldir, "/crls");
    EXPECT_EQ(with("sslcert=/cert").sslcert, "/cert");
    EXPECT_EQ(with("sslkey=/key").sslkey, "/key");
    EXPECT_EQ(with("sslpassword='a b'").sslpassword, "a b");
    EXPECT_FALSE(with("sslsni=0").sslsni);
    EXPECT_EQ(with("ssl_min_protocol_version=TLSv1.3").ssl_min_protocol_version, TlsVersion::tls1_3);
    EXPECT_EQ(with("ssl_max_protocol_version=tlsv1.2").ssl_max_protocol_version, TlsVersion::tls1_2);
    EXPECT_EQ(with("connect_timeout=3").connect_timeout, 3s);
    EXPECT_EQ(with("connect_retry=4").connect_retry, 4s);
    EXPECT_EQ(with("dns_ttl=0").dns_ttl, 0s);
    EXPECT_FALSE(with("keepalives=0").keepalives);
    EXPECT_EQ(with("keepalives_idle=4").keepalives_idle, 4s);
    EXPECT_EQ(with("keepalives_interval=5").keepalives_interval, 5s);
    EXPECT_EQ(with("keepalives_count=6").keepalives_count, 6U);
    EXPECT_EQ(with("tcp_user_timeout=7").tcp_user_timeout, 7ms);
    EXPECT_EQ(with("load_balance_hosts=random").load_balance_hosts, LoadBalanceHosts::random);
    EXPECT_EQ(with("sslcertmode=allow"), with(""));
}

TEST(Upstream, NumbersAsInLibpq) {
    EXPECT_EQ(with("connect_timeout=' 7 '").connect_timeout, 7s);
    EXPECT_EQ(with("connect_timeout=+7").connect_timeout, 7s);
    EXPECT_EQ(with("connect_timeout=-7").connect_timeout, 0s);
    EXPECT_EQ(with("keepalives_idle=0").keepalives_idle, 0s);
    EXPECT_TRUE(with("keepalives=2").keepalives);
    EXPECT_EQ(with("ssl_min_protocol_version=''"), with(""));
    EXPECT_EQ(with("ssl_max_protocol_version=''"), with(""));
}

TEST(Upstream, TheLastOfAKeywordCounts) {
    EXPECT_EQ(with("host=other port=1 port=2").targets, std::vector({Target{"other", "", 2}}));
    EXPECT_EQ(with("sslmode=prefer sslmode=verify-ca").sslmode, SslMode::verify_ca);
}

TEST(Upstream, SessionKeywordsAreIgnoredAndListedOnce) {
    EXPECT_THAT(parse("host=db").ignored, IsEmpty());
    EXPECT_THAT(parse("user=me host=db password=x user=you dbname=app").ignored,
                ElementsAre("password", "user", "dbname"));
    const std::string session =
        "application_name=a channel_binding=a client_encoding=a dbname=a fallback_application_name=a gssdelegation=a "
        "gssencmode=a gsslib=a krbsrvname=a max_protocol_version=a min_protocol_version=a options=a passfile=a "
        "password=a replication=a require_auth=a requirepeer=a service=a sslcompression=a target_session_attrs=a "
        "user=a";
    EXPECT_EQ(parse("host=db " + session).ignored.size(), 21U);
    EXPECT_EQ(parse("host=db " + session).upstream, with(""));
}

TEST(Upstream, ErrorsNamePlaceAndKeyword) {
    const std::pair<const char*, const char*> cases[] = {
        {"sslmod=x", "--upstream: unknown keyword \"sslmod\"; did you mean \"sslmode\"?"},
        {"Server=x", "--upstream: unknown keyword \"Server\""},
        {"ssl=true", "--upstream: unknown keyword \"ssl\""},
        {"sslmode=prefer", "--upstream: sslmode: \"prefer\" is refused: it lets a connection go out in clear"},
        {"sslmode=''", "--upstream: sslmode: \"\" is not one of require, verify-ca, verify-full"},
        {"sslsni=yes", "--upstream: sslsni: \"yes\" is neither 0 nor 1"},
        {"keepalives=on", "--upstream: keepalives: \"on\" is not a whole number"},
        {"keepalives_idle=32768",
         "--upstream: keepalives_idle: \"32768\" is out of range; the system takes at most 32767"},
        {"keepalives_count=128", "--upstream: keepalives_count: \"128\" is out of range; the system takes at most 127"},
        {"connect_timeout=10s", "--upstream: connect_timeout: \"10s\" is not a whole number"},
        {"connect_timeout=''", "--upstream: connect_timeout: \"\" is not a whole number"},
        {"connect_timeout=2147483648", "--upstream: connect_timeout: \"2147483648\" is out of range"},
        {"ssl_min_protocol_version=SSLv3", "--upstream: ssl_min_protocol_version: \"SSLv3\" is not one of TLSv1, "},
        {"load_balance_hosts=rondom", "did you mean \"random\"?"},
        {"sslcertmode=disable", "--upstream: sslcertmode: \"disable\" is not supported"},
        {"sslkeylogfile=/keys", "--upstream: sslkeylogfile: not supported"},
        {"port=0", "--upstream: port: \"0\" is out of range; a port is 1 to 65535"},
    };
    for (const auto& [pairs, message] : cases) {
        SCOPED_TRACE(pairs);
        EXPECT_THAT(error_with(pairs), HasSubstr(message));
    }
}

TEST(Upstream, WithoutAHostTheErrorSaysWhatGivesOne) {
    for (const char* text : {"", "port=5432", "host='' hostaddr=''", "sslmode=require"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(error_of([&] { return parse(text); }),
                  "--upstream: no host to connect to; set upstream.host in the file or, for a single listener, give "
                  "--upstream host=NAME or PGHOST");
    }
}

TEST(Upstream, HostaddrAloneCannotBeVerified) {
    const std::string message =
        "--upstream: hostaddr: sslmode=verify-full needs the name to verify as well; add host=NAME";
    EXPECT_EQ(error_of([] { return parse("hostaddr=10.0.0.1"); }), message);
    EXPECT_EQ(error_of([] { return parse("hostaddr=10.0.0.1,10.0.0.2 host=a,"); }), message);
    EXPECT_EQ(parse("hostaddr=10.0.0.1 sslmode=verify-ca").upstream.targets,
              std::vector({Target{"", "10.0.0.1", 5432}}));
}

TEST(Upstream, SystemRootsNeedVerifyFull) {
    EXPECT_EQ(with("sslrootcert=system").sslrootcert, "system");
    EXPECT_EQ(error_with("sslrootcert=system sslmode=verify-ca"),
              "--upstream: sslmode: \"verify-ca\" is too weak with sslrootcert=system, where anyone can get a "
              "certificate; use verify-full");
}

TEST(Upstream, TheProtocolVersionsMustLeaveSome) {
    EXPECT_EQ(error_with("ssl_max_protocol_version=TLSv1.1"),
              "--upstream: ssl_max_protocol_version: TLSv1.1 is below ssl_min_protocol_version, TLSv1.2 by default");
    EXPECT_EQ(error_with("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"),
              "--upstream: ssl_max_protocol_version: TLSv1.2 is below ssl_min_protocol_version, TLSv1.3");
    EXPECT_EQ(with("ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1").ssl_max_protocol_version,
              TlsVersion::tls1_0);
}

TEST(Upstream, AValueHoldsNoNul) {
    const std::vector<Parameter> parameters = {{"host", "db", "x"}, {"sslcert", std::string("/a\0b", 4), "x"}};
    EXPECT_EQ(error_of([&] { return make_upstream(parameters, "x"); }), "x: sslcert: the value holds a NUL byte");
}

} // namespace
} // namespace config
