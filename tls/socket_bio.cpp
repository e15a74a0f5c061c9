#include "tls/socket_bio.h"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace tls {
namespace {

SocketIo& io_of(BIO* bio) {
    return *static_cast<SocketIo*>(BIO_get_data(bio));
}

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

std::size_t take_received(SocketIo& io, char* buffer, std::size_t size) {
    const std::size_t part = std::min(size, io.received.size());
    std::copy_n(io.received.begin(), part, buffer);
    io.received = io.received.subspan(part);
    return part;
}

int read_socket(BIO* bio, SocketIo& io, char* buffer, std::size_t size) {
    if (io.eof) {
        return 0;
    }
    if (io.read_error != 0) {
        return -1;
    }
    if (io.drained) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const ssize_t got = recv(io.descriptor, buffer, size, MSG_DONTWAIT);
    io.drained = got < static_cast<ssize_t>(size);
    if (got > 0) {
        return static_cast<int>(got);
    }
    if (got == 0) {
        io.eof = true;
        return 0;
    }
    if (would_block(errno)) {
        BIO_set_retry_read(bio);
    } else {
        io.read_error = errno;
    }
    return -1;
}

int bio_read(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    SocketIo& io = io_of(bio);
    const auto room = static_cast<std::size_t>(size);
    const std::size_t part = take_received(io, buffer, room);
    if (part > 0 && (part == room || io.drained)) {
        return static_cast<int>(part);
    }
    const int more = read_socket(bio, io, buffer + part, room - part);
    return part > 0 ? static_cast<int>(part) + std::max(more, 0) : more;
}

int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    SocketIo& io = io_of(bio);
    const ssize_t sent = send(io.descriptor, data, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        if (would_block(errno)) {
            BIO_set_retry_write(bio);
        } else {
            io.write_error = errno;
        }
    }
    return static_cast<int>(sent);
}

long bio_ctrl(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    switch (command) {
    case BIO_CTRL_EOF: return io_of(bio).eof ? 1 : 0;
    case BIO_CTRL_FLUSH: return 1;
    default: return 0;
    }
}

const BIO_METHOD* socket_method() {
    static const BioMethod method = [] {
        BioMethod made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pg-tls-proxy socket"));
        BIO_meth_set_read(made.get(), bio_read);
        BIO_meth_set_write(made.get(), bio_write);
        BIO_meth_set_ctrl(made.get(), bio_ctrl);
        return made;
    }();
    return method.get();
}

} // namespace

Bio make_socket_bio(SocketIo& io) {
    Bio bio(BIO_new(socket_method()));
    if (bio) {
        BIO_set_data(bio.get(), &io);
        BIO_set_init(bio.get(), 1);
    }
    return bio;
}

} // namespace tls
