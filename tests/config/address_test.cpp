#include "config/address.h"
#include "tests/config/support.h"

#include <sys/un.h>

namespace config {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(Address, TakesLiteralsLocalhostAndUnixPaths) {
    const std::pair<const char*, Address> cases[] = {
        {"127.0.0.1:5432", TcpAddress{"127.0.0.1", 5432}},
        {"0.0.0.0:65535", TcpAddress{"0.0.0.0", 65535}},
        {"127.0.0.1:0", TcpAddress{"127.0.0.1", 0}},
        {"localhost:5432", TcpAddress{"localhost", 5432}},
        {"[::1]:5432", TcpAddress{"::1", 5432}},
        {"[fe80::1%eth0]:1", TcpAddress{"fe80::1%eth0", 1}},
        {"unix:/run/postgresql/.s.PGSQL.5432", UnixAddress{"/run/postgresql/.s.PGSQL.5432"}},
        {"unix:/a:b,c", UnixAddress{"/a:b,c"}},
    };
    for (const auto& [text, address] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse_address(text), address);
        EXPECT_EQ(to_string(address), text);
    }
}

TEST(Address, RefusesTheRestAndSaysWhatToWrite) {
    const std::pair<const char*, const char*> cases[] = {
        {"", R"("" is not an address to listen on; write an IP address with a port (127.0.0.1:5432)"},
        {"5432", "is not an address to listen on"},
        {":5432", "is not an address to listen on"},
        {"*:5432", "is not an address to listen on"},
        {"db.example.com:5432", "is not an address to listen on"},
        {"127.0.0.256:5432", "is not an address to listen on"},
        {"127.1:5432", "is not an address to listen on"},
        {"127.0.0.1", R"("127.0.0.1" has no port; write 127.0.0.1:5432)"},
        {"localhost", R"("localhost" has no port; write localhost:5432)"},
        {"127.0.0.1:", "has no port; write one behind the colon"},
        {"127.0.0.1:65536", "has a port that is not a number from 0 to 65535"},
        {"127.0.0.1:-1", "has a port that is not a number from 0 to 65535"},
        {"127.0.0.1:54x", "has a port that is not a number from 0 to 65535"},
        {"127.0.0.1: 5432", "has a port that is not a number from 0 to 65535"},
        {"::1", "needs brackets and a port; write [::1]:5432"},
        {"2001:db8:0:0:0:0:0:1:5432", "needs brackets; write [2001:db8:0:0:0:0:0:1]:5432"},
        {"[::1]", "has no port; write [::1]:5432"},
        {"[::1]5432", "has no port; write [::1]:5432"},
        {"[::1]:", "has no port; write one behind the colon"},
        {"[::1", "has a '[' without ']'"},
        {"[127.0.0.1]:5432", "has no IPv6 address between the brackets"},
        {"[]:5432", "has no IPv6 address between the brackets"},
        {"[fe80::1%]:5432", "has no IPv6 address between the brackets"},
        {"/run/socket", "is a path; write unix:/run/socket"},
        {"unix:", "is not an absolute path; write unix:/path/to/socket"},
        {"unix:run/socket", "is not an absolute path"},
        {"unix:@abstract", "is not an absolute path"},
    };
    for (const auto& refused : cases) {
        SCOPED_TRACE(refused.first);
        EXPECT_THAT(error_of([&] { return parse_address(refused.first); }), HasSubstr(refused.second));
    }
}

TEST(Address, AUnixPathMustFitTheSystem) {
    const std::string longest(sizeof(sockaddr_un::sun_path) - 1, '/');
    EXPECT_EQ(parse_address("unix:" + longest), Address(UnixAddress{longest}));
    EXPECT_THAT(error_of([&] { return parse_address("unix:" + longest + "x"); }),
                HasSubstr("is too long for a Unix socket: the path has 108 bytes, the system takes 107"));
}

TEST(Address, RefusesNulBytes) {
    EXPECT_THAT(error_of([] { return parse_address(std::string("unix:/a\0b", 9)); }), HasSubstr("holds a NUL byte"));
    EXPECT_THAT(error_of([] { return parse_address(std::string("127.0.0.1\0:1", 12)); }), HasSubstr("\\x00"));
}

TEST(Address, RepeatsNoControlByte) {
    EXPECT_THAT(error_of([] { return parse_address("/run/\tsocket"); }),
                HasSubstr(R"("/run/\x09socket" is a path; write unix:/run/\x09socket)"));
    EXPECT_THAT(error_of([] { return parse_address("[fe80::1%e\n]:5432"); }),
                HasSubstr(R"("[fe80::1%e\x0a]:5432" has no IPv6 address between the brackets)"));
}

TEST(Address, TheAdminServerCanBeOff) {
    EXPECT_EQ(parse_admin_address("off"), std::nullopt);
    EXPECT_EQ(parse_admin_address("127.0.0.1:9432"), Address(TcpAddress{"127.0.0.1", 9432}));
    EXPECT_THAT(error_of([] { return parse_admin_address("none"); }), HasSubstr("is not an address"));
}

} // namespace
} // namespace config
