#include "bench/floor_side.h"

#include "bench/net.h"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace bench {
namespace {

/// Asks the socket only when there can be an answer.
int bio_read(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    auto& server = *static_cast<Side*>(BIO_get_data(bio));
    std::size_t got = 0;
    if (server.readable) {
        got = server.receive({reinterpret_cast<std::uint8_t*>(buffer), static_cast<std::size_t>(size)});
    }
    if (got == 0 && !server.ended) {
        BIO_set_retry_read(bio);
        return -1;
    }
    return static_cast<int>(got);
}

int bio_write(BIO* /*bio*/, const char* data, int size) {
    sealed.insert(sealed.end(), data, data + size);
    return size;
}

long bio_ctrl(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

} // namespace

BIO* make_bio(Side& server) {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "floor");
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_ctrl);
        return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &server);
    BIO_set_init(bio, 1);
    return bio;
}

void Side::watch(int epoll) {
    bench::watch(epoll, descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this);
}

void Side::take(std::uint32_t events) {
    closing = closing || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    readable = readable || closing || (events & EPOLLIN) != 0;
    if (!backlog.empty() && (events & EPOLLOUT) != 0) {
        transmit(std::exchange(backlog, {}));
    }
}

std::size_t Side::receive(std::span<std::uint8_t> buffer) {
    const ssize_t got = recv(descriptor, buffer.data(), buffer.size(), 0);
    // A short read has emptied the socket: epoll will tell when there is more.
    readable = got > 0 && (closing || static_cast<std::size_t>(got) == buffer.size());
    ended = got == 0 || (got < 0 && errno != EAGAIN);
    return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
}

void Side::transmit(std::span<const std::uint8_t> bytes) {
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ended = ended || (sent < 0 && errno != EAGAIN);
    const auto rest = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    if (!ended && !rest.empty()) {
        backlog.assign(rest.begin(), rest.end());
    }
}

} // namespace bench
