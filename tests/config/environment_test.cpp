#include "config/environment.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::variables;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Environment, EachOfLibpqsVariablesIsAKeyword) {
    const std::pair<const char*, const char*> cases[] = {
        {"PGHOST", "host"},
        {"PGHOSTADDR", "hostaddr"},
        {"PGPORT", "port"},
        {"PGSSLMODE", "sslmode"},
        {"PGSSLNEGOTIATION", "sslnegotiation"},
        {"PGSSLROOTCERT", "sslrootcert"},
        {"PGSSLCRL", "sslcrl"},
        {"PGSSLCRLDIR", "sslcrldir"},
        {"PGSSLCERT", "sslcert"},
        {"PGSSLKEY", "sslkey"},
        {"PGSSLSNI", "sslsni"},
        {"PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"},
        {"PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"},
        {"PGCONNECT_TIMEOUT", "connect_timeout"},
        {"PGLOADBALANCEHOSTS", "load_balance_hosts"},
    };
    for (const auto& [name, keyword] : cases) {
        EXPECT_THAT(read_libpq_variables(variables({{name, "x"}})), ElementsAre(Parameter{keyword, "x", name}));
    }
}

TEST(Environment, TheRestOfItIsNotLookedAt) {
    EXPECT_THAT(read_libpq_variables(variables({{"PGUSER", "me"}, {"PGPASSWORD", "x"}, {"PGDATABASE", "app"}})),
                IsEmpty());
}

TEST(Environment, AnEmptyVariableIsNone) {
    EXPECT_THAT(read_libpq_variables(variables({{"PGHOST", ""}})), IsEmpty());
    EXPECT_EQ(find_variable(variables({{"A", ""}}), "A"), std::nullopt);
    EXPECT_EQ(find_variable(variables({{"A", "x"}}), "A"), "x");
    EXPECT_EQ(find_variable(variables(), "A"), std::nullopt);
}

TEST(Environment, OfTheProcess) {
    EXPECT_EQ(process_environment("PATH"), std::getenv("PATH"));
    EXPECT_EQ(process_environment("PG_TLS_PROXY_NO_SUCH_VARIABLE"), std::nullopt);
}

} // namespace
} // namespace config
