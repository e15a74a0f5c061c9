#include "config/access.h"
#include "config/address.h"
#include "config/print.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;
using test::load_toml;
using test::toml_error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string listener(const std::string& lines) {
    return "[[listener]]\nupstream = 'host=db'\n" + lines;
}

Access access_of(const std::string& lines) {
    return load_toml(listener(lines)).settings.listeners.at(0).access;
}

TEST(Access, PermissionsAreOctal) {
    EXPECT_EQ(parse_permissions("0660"), 0660U);
    EXPECT_EQ(parse_permissions("777"), 0777U);
    EXPECT_EQ(parse_permissions("0"), 0U);
    EXPECT_EQ(format_permissions(0660), "0660");
    EXPECT_EQ(format_permissions(7), "0007");
    for (const char* text : {"", "0o660", "-1", "0888", "01777", "0660 ", "u=rw"}) {
        EXPECT_THAT(error_of([&] { return parse_permissions(text); }), HasSubstr("is not a file mode")) << text;
    }
}

TEST(Access, LoopbackAndUnixSocketsAreLocal) {
    for (const char* text : {"127.0.0.1:1", "127.255.0.1:1", "[::1]:1", "[0:0::1]:1", "localhost:1", "unix:/socket"}) {
        EXPECT_TRUE(is_local(parse_address(text))) << text;
    }
    for (const char* text : {"0.0.0.0:1", "128.0.0.1:1", "1.0.0.127:1", "[::]:1", "[::2]:1", "[fe80::1%lo]:1"}) {
        EXPECT_FALSE(is_local(parse_address(text))) << text;
    }
}

TEST(Access, UsersAndGroupsAreNamesOrNumbers) {
    EXPECT_EQ(find_user("root"), (Account{"root", 0}));
    EXPECT_EQ(find_group("root"), (Account{"root", 0}));
    EXPECT_EQ(find_user("12345"), (Account{"12345", 12345}));
    EXPECT_EQ(find_group("12345"), (Account{"12345", 12345}));
    EXPECT_EQ(error_of([] { return find_user("no such user"); }),
              "there is no user \"no such user\" on this machine; a number works without an entry");
    EXPECT_EQ(error_of([] { return find_group("-1"); }),
              "there is no group \"-1\" on this machine; a number works without an entry");
}

TEST(Access, WhatAFileSays) {
    const Access access = access_of("address = 'unix:/s'\nallow_remote_clients = true\nallow_users = ['root', 1000]\n"
                                    "unix_socket_permissions = '0660'\nunix_socket_owner = 7\n"
                                    "unix_socket_group = 'root'\n");
    EXPECT_TRUE(access.allow_remote_clients);
    EXPECT_THAT(access.allow_users, ElementsAre(Account{"root", 0}, Account{"1000", 1000}));
    EXPECT_EQ(access.unix_socket_permissions, 0660U);
    EXPECT_EQ(access.unix_socket_owner, (Account{"7", 7}));
    EXPECT_EQ(access.unix_socket_group, (Account{"root", 0}));
    EXPECT_EQ(access_of(""), Access());
}

TEST(Access, WhatAFileMayNotSay) {
    const std::pair<const char*, const char*> cases[] = {
        {"allow_remote_clients = 'yes'\n", "listener.allow_remote_clients: expected a boolean, found a string"},
        {"allow_users = 'root'\n", "listener.allow_users: expected an array of users, found a string"},
        {"allow_users = []\n", "listener.allow_users: nobody could connect; name the users, or leave it out"},
        {"allow_users = ['no such user']\n", "listener.allow_users: there is no user \"no such user\" on this"},
        {"allow_users = [true]\n", "listener.allow_users: expected a name or a number, found a boolean"},
        {"unix_socket_permissions = 660\n",
         "listener.unix_socket_permissions: expected an octal number in quotes, \"0660\", found an integer"},
        {"unix_socket_group = 'no such group'\n", "listener.unix_socket_group: there is no group \"no such group\""},
    };
    for (const auto& [lines, message] : cases) {
        SCOPED_TRACE(lines);
        EXPECT_THAT(toml_error(listener(lines)), StartsWith("proxy.toml:3:"));
        EXPECT_THAT(toml_error(listener(lines)), HasSubstr(message));
    }
}

TEST(Access, RemoteClientsOnlyWhereTheyAreAllowed) {
    const std::string open = listener("address = ['127.0.0.1:1', '0.0.0.0:5432']\n");
    EXPECT_THAT(toml_error(open),
                StartsWith("proxy.toml:3:27: listener.address: \"0.0.0.0:5432\" can be reached from other machines"));
    EXPECT_THAT(toml_error(open), HasSubstr("set allow_remote_clients = true in the listener"));
    EXPECT_EQ(load_toml(open + "allow_remote_clients = true\n").settings.listeners.at(0).address.size(), 2U);
    EXPECT_EQ(load_toml(open, {.allow_remote_clients = true}).settings.listeners.at(0).address.size(), 2U);
    EXPECT_THAT(error_of([] { return load({.listen = {"[::]:1"}, .upstream = "host=db"}, test::variables()); }),
                StartsWith("--listen: \"[::]:1\" can be reached from other machines"));
}

TEST(Access, AllowUsersNeedsUnixSockets) {
    const std::string users = listener("allow_users = ['root']\n");
    EXPECT_EQ(load_toml(users + "address = 'unix:/s'\n").settings.listeners.size(), 1U);
    EXPECT_THAT(toml_error(users + "address = ['unix:/s', 'localhost:1']\n"),
                StartsWith("proxy.toml:4:23: listener.address: \"localhost:1\" cannot tell which user connects"));
    EXPECT_THAT(toml_error(users), HasSubstr("default address: \"127.0.0.1:5432\" cannot tell which user connects"));
}

TEST(Access, PrintsAndLoadsBack) {
    const std::string text = listener("address = 'unix:/s'\nallow_remote_clients = true\nallow_users = ['root', 1000]\n"
                                      "unix_socket_permissions = '0660'\nunix_socket_owner = 7\n"
                                      "unix_socket_group = 'root'\n");
    const Settings settings = load_toml(text).settings;
    EXPECT_EQ(load_toml(to_toml(settings)).settings, settings);
}

} // namespace
} // namespace config
