#include "proxy/listening/unix_socket.h"

#include "config/access.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace proxy {

namespace asio = boost::asio;

namespace {

// What chown() takes for "as it is", and what the kernel answers where it knows nobody.
constexpr std::uint32_t nobody = static_cast<std::uint32_t>(-1);

[[noreturn]] void fail(const char* what, const std::string& path, const std::string& value) {
    const std::error_code error(errno, std::generic_category());
    throw std::system_error(error, std::string("cannot set the ") + what + " of unix:" + path + " to " + value);
}

} // namespace

void remove_stale_socket(const std::string& path) {
    if (!std::filesystem::is_socket(path)) {
        return;
    }
    asio::io_context context;
    asio::local::stream_protocol::socket probe(context);
    boost::system::error_code error;
    probe.connect(path, error);
    if (error == asio::error::connection_refused) {
        std::filesystem::remove(path);
    }
}

void set_permissions(const std::string& path, const config::Access& access) {
    const auto& owner = access.unix_socket_owner;
    const auto& group = access.unix_socket_group;
    if (owner && ::lchown(path.c_str(), owner->id, nobody) != 0) {
        fail("owner", path, owner->name);
    }
    if (group && ::lchown(path.c_str(), nobody, group->id) != 0) {
        fail("group", path, group->name);
    }
    const std::string mode = config::format_permissions(access.unix_socket_permissions);
    if (::chmod(path.c_str(), access.unix_socket_permissions) != 0) {
        fail("permissions", path, mode);
    }
}

config::Access permissions_of(const std::string& path) {
    config::Access access;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        access.unix_socket_permissions = status.st_mode & ACCESSPERMS;
        access.unix_socket_owner = config::Account{std::to_string(status.st_uid), status.st_uid};
        access.unix_socket_group = config::Account{std::to_string(status.st_gid), status.st_gid};
    }
    return access;
}

std::optional<Failure> refuse_user(AppSocket& app, const std::vector<config::Account>& allowed) {
    if (allowed.empty()) {
        return std::nullopt;
    }
    ucred credentials{.pid = 0, .uid = nobody, .gid = nobody};
    socklen_t size = sizeof credentials;
    getsockopt(app.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    const bool known = credentials.uid != nobody;
    if (known && std::ranges::find(allowed, credentials.uid, &config::Account::id) != allowed.end()) {
        return std::nullopt;
    }
    const std::string who = known ? "the user with uid " + std::to_string(credentials.uid) : "an unknown user";
    return Failure{Reason::user_refused, who + " may not connect here", {}, {}};
}

} // namespace proxy
