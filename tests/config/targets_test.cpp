#include "config/targets.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::IsEmpty;

/// A null pointer stands for a parameter that is not given.
std::vector<Target> targets(const char* host, const char* hostaddr = nullptr, const char* port = nullptr) {
    const auto make = [](const char* keyword, const char* value) {
        return Parameter{keyword, value == nullptr ? "" : value, "file:1:2"};
    };
    const Parameter host_parameter = make("host", host);
    const Parameter hostaddr_parameter = make("hostaddr", hostaddr);
    const Parameter port_parameter = make("port", port);
    return make_targets(host ? &host_parameter : nullptr, hostaddr ? &hostaddr_parameter : nullptr,
                        port ? &port_parameter : nullptr);
}

TEST(Targets, MatchOneToOne) {
    EXPECT_THAT(targets("a"), ElementsAre(Target{"a", "", 5432}));
    EXPECT_THAT(targets("a", nullptr, "6432"), ElementsAre(Target{"a", "", 6432}));
    EXPECT_THAT(targets("a,b", nullptr, "1,2"), ElementsAre(Target{"a", "", 1}, Target{"b", "", 2}));
    EXPECT_THAT(targets("a,b", "10.0.0.1,::1", "1,2"), ElementsAre(Target{"a", "10.0.0.1", 1}, Target{"b", "::1", 2}));
    EXPECT_THAT(targets(nullptr, "10.0.0.1"), ElementsAre(Target{"", "10.0.0.1", 5432}));
    EXPECT_THAT(targets("::1,fe80::1%eth0"), ElementsAre(Target{"::1", "", 5432}, Target{"fe80::1%eth0", "", 5432}));
}

TEST(Targets, ASinglePortServesAll) {
    EXPECT_THAT(targets("a,b", nullptr, "7"), ElementsAre(Target{"a", "", 7}, Target{"b", "", 7}));
}

TEST(Targets, AnEmptyEntryIsTheDefault) {
    EXPECT_THAT(targets("a,b", nullptr, ",7"), ElementsAre(Target{"a", "", 5432}, Target{"b", "", 7}));
    EXPECT_THAT(targets("a", nullptr, ""), ElementsAre(Target{"a", "", 5432}));
    EXPECT_THAT(targets("a,b", "10.0.0.1,"), ElementsAre(Target{"a", "10.0.0.1", 5432}, Target{"b", "", 5432}));
    EXPECT_THAT(targets(",b", "10.0.0.1,"), ElementsAre(Target{"", "10.0.0.1", 5432}, Target{"b", "", 5432}));
}

TEST(Targets, NoneWithoutAHost) {
    EXPECT_THAT(targets(nullptr), IsEmpty());
    EXPECT_THAT(targets("", "", "5432"), IsEmpty());
    EXPECT_THAT(targets(nullptr, nullptr, "1,2"), IsEmpty());
}

TEST(Targets, ErrorsNameTheKeyword) {
    struct {
        const char* host;
        const char* hostaddr;
        const char* port;
        const char* message;
    } const cases[] = {
        {"a,b", "::1", nullptr, "hostaddr: a list of 1 does not match a list of 2 hosts; give one address for each"},
        {"a", "::1,::2", nullptr, "hostaddr: a list of 2 does not match a list of 1 hosts; give one address for each"},
        {"a,b", nullptr, "1,2,3",
         "port: a list of 3 does not match a list of 2 hosts; give one port for all, or one for each"},
        {"a", nullptr, "1,2",
         "port: a list of 2 does not match a list of 1 hosts; give one port for all, or one for each"},
        {"a,,b", nullptr, nullptr, "host: an entry of the list is empty; name a host there"},
        {nullptr, "::1,", nullptr, "hostaddr: an entry of the list is empty; name a host there"},
        {"a", nullptr, "0", "port: \"0\" is out of range; a port is 1 to 65535"},
        {"a", nullptr, "65536", "port: \"65536\" is out of range; a port is 1 to 65535"},
        {"a", nullptr, "99999999999", "port: \"99999999999\" is out of range"},
        {"a", nullptr, "54x", "port: \"54x\" is not a whole number"},
        {"a,/tmp", nullptr, nullptr, "host: \"/tmp\" is a Unix socket, where PostgreSQL has no TLS; name a host"},
        {"@x", nullptr, nullptr, "host: \"@x\" is a Unix socket, where PostgreSQL has no TLS; name a host"},
        {"[::1]", nullptr, nullptr,
         "host: \"[::1]\" has brackets, which only a URI needs; write the address alone, as in ::1"},
        {"a:5432", nullptr, nullptr, "host: \"a:5432\" has a colon; the port has a keyword of its own, port=5432"},
        {"a, b", nullptr, nullptr, "host: \" b\" has a blank or a control character in it"},
        {"a\n", nullptr, nullptr, "host: \"a\\x0a\" has a blank or a control character in it"},
        {"a", "b", nullptr, "hostaddr: \"b\" is not an IP address; a name belongs into host"},
        {"a", "10.0.0.1:5432", nullptr, "hostaddr: \"10.0.0.1:5432\" is not an IP address; a name belongs into host"},
    };
    for (const auto& [host, hostaddr, port, message] : cases) {
        EXPECT_EQ(error_of([&] { return targets(host, hostaddr, port); }), std::string("file:1:2: ") + message);
    }
}

} // namespace
} // namespace config
