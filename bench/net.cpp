#include "bench/net.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr int queue_length = 4096;

sockaddr_in to_sockaddr(const Address& address) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = address.ip;
    result.sin_port = address.port;
    return result;
}

void set_option(int descriptor, int level, int name) {
    const int on = 1;
    if (setsockopt(descriptor, level, name, &on, sizeof on) != 0) {
        fail("setsockopt");
    }
}

} // namespace

void fail(const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

Address parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    in_addr ip{};
    errno = EINVAL;
    if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &ip) != 1) {
        fail(text);
    }
    return {ip.s_addr, htons(static_cast<std::uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10)))};
}

int listen_on(const Address& address) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR);
    const sockaddr_in name = to_sockaddr(address);
    if (bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        listen(descriptor, queue_length) != 0) {
        fail("listen");
    }
    return descriptor;
}

int accept_from(int listener) {
    const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    }
    return descriptor;
}

int begin_connect(const Address& address) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        fail("socket");
    }
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    const sockaddr_in name = to_sockaddr(address);
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 && errno != EINPROGRESS) {
        fail("connect");
    }
    return descriptor;
}

void watch(int epoll, int descriptor, std::uint32_t events, void* data) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = data;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        fail("epoll_ctl");
    }
}

} // namespace bench
