#include "config/names.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;

template <typename Value>
void expect_names(Value (*parse)(std::string_view), std::initializer_list<const char*> names) {
    int index = 0;
    for (const char* name : names) {
        SCOPED_TRACE(name);
        EXPECT_EQ(parse(name), static_cast<Value>(index++));
        EXPECT_EQ(to_string(parse(name)), name);
    }
}

TEST(Names, GoBothWays) {
    expect_names(parse_sslmode, {"require", "verify-ca", "verify-full"});
    expect_names(parse_sslnegotiation, {"postgres", "direct"});
    expect_names(parse_load_balance_hosts, {"disable", "random"});
    expect_names(parse_tls_version, {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"});
    expect_names(parse_log_level, {"debug", "info", "warn", "error"});
    expect_names(parse_log_format, {"text", "json"});
    EXPECT_EQ(to_string(SslMode::verify_full), "verify-full");
    EXPECT_EQ(to_string(TlsVersion::tls1_2), "TLSv1.2");
}

TEST(Names, CaseCountsButForTlsVersions) {
    EXPECT_EQ(parse_tls_version("tlsV1.2"), TlsVersion::tls1_2);
    EXPECT_EQ(error_of([] { return parse_sslmode("REQUIRE"); }),
              R"("REQUIRE" is not one of require, verify-ca, verify-full; did you mean "require"?)");
    EXPECT_EQ(error_of([] { return parse_tls_version("TLSv1.20"); }),
              R"("TLSv1.20" is not one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3; did you mean "TLSv1.2"?)");
    EXPECT_EQ(error_of([] { return parse_log_format("xml"); }), R"("xml" is not one of text, json)");
}

TEST(Names, ModesThatMayEndInPlaintextAreRefused) {
    for (const std::string mode : {"disable", "allow", "prefer"}) {
        EXPECT_EQ(error_of([&] { return parse_sslmode(mode); }),
                  '"' + mode +
                      "\" is refused: it lets a connection go out in clear, and nothing may; use verify-full (the "
                      "default), verify-ca or require");
    }
}

TEST(Names, VerifyAllIsExplained) {
    EXPECT_EQ(error_of([] { return parse_sslmode("verify-all"); }),
              "\"verify-all\" is a misprint that libpq does not know either; verify-full was meant");
}

} // namespace
} // namespace config
