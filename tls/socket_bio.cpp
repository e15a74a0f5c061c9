#include "tls/socket_bio.h"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace tls {
namespace {

SocketIo& io_of(BIO* bio) {
    return *static_cast<SocketIo*>(BIO_get_data(bio));
}

// More than this waits for a peer that reads nothing, whatever it makes OpenSSL say.
constexpr std::size_t max_backlog = std::size_t{64} * 1024;

// What a call of OpenSSL wrote: one buffer for all connections of a thread, since a flush() or hold() follows.
thread_local std::vector<std::uint8_t> written;

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int bio_read(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    SocketIo& io = io_of(bio);
    if (io.eof) {
        return 0;
    }
    if (io.read_error != 0) {
        return -1;
    }
    if (io.drained || io.allowance == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const ssize_t got = recv(io.descriptor, buffer, static_cast<std::size_t>(size), MSG_DONTWAIT);
    io.drained = got < size;
    if (got > 0) {
        io.allowance -= std::min(io.allowance, static_cast<std::size_t>(got));
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

int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (io_of(bio).backlog.size() > max_backlog) {
        BIO_set_retry_write(bio);
        return -1;
    }
    written.insert(written.end(), data, data + size);
    return size;
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

/// Returns how much of it the socket took.
std::size_t send_some(SocketIo& io, const std::vector<std::uint8_t>& bytes) {
    const ssize_t sent = send(io.descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && !would_block(errno)) {
        io.write_error = errno;
    }
    return static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
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

void hold(SocketIo& io) {
    io.held = !written.empty();
    io.backlog.insert(io.backlog.end(), written.begin(), written.end());
    written.clear();
}

void flush(SocketIo& io) {
    io.held = false;
    if (io.write_error == 0 && io.backlog.empty() && !written.empty()) {
        const auto sent = static_cast<std::ptrdiff_t>(send_some(io, written));
        io.backlog.assign(written.begin() + sent, written.end());
    } else if (io.write_error == 0 && !io.backlog.empty()) {
        io.backlog.insert(io.backlog.end(), written.begin(), written.end());
        const auto sent = static_cast<std::ptrdiff_t>(send_some(io, io.backlog));
        io.backlog.erase(io.backlog.begin(), io.backlog.begin() + sent);
    }
    if (io.write_error != 0 || io.backlog.empty()) {
        io.backlog = std::vector<std::uint8_t>(); // an idle connection holds no buffer
    }
    written.clear();
}

} // namespace tls
