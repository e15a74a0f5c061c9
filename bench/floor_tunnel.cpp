#include "bench/floor_tunnel.h"

#include <openssl/err.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <unistd.h>

namespace bench {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 8> ssl_request = {0, 0, 0, 8, 4, 210, 22, 47};
constexpr std::array<std::uint8_t, 8> gssenc_request = {0, 0, 0, 8, 4, 210, 22, 48};
constexpr std::array<std::uint8_t, 1> no = {'N'};

// One event loop, so one buffer for plaintext as it passes.
std::array<std::uint8_t, std::size_t{128} * 1024> plain;

} // namespace

Tunnel::Tunnel(const Floor& floor, int app) : floor_(floor) {
    app_.descriptor = app;
    app_.watch(floor_.epoll);
}

Tunnel::~Tunnel() {
    close(app_.descriptor);
    if (server_.descriptor >= 0) {
        close(server_.descriptor);
    }
}

bool Tunnel::advance(const Side& side) {
    // What the app says while the server is being reached is read afterwards.
    const bool reaching = step_ != &Tunnel::read_startup && step_ != &Tunnel::relay;
    return (reaching && &side == &app_) || (this->*step_)();
}

bool Tunnel::read_startup() {
    if (!app_.readable) {
        return true;
    }
    const Bytes packet = Bytes(plain).first(app_.receive(plain));
    if (std::ranges::equal(packet, ssl_request) || std::ranges::equal(packet, gssenc_request)) {
        app_.transmit(no);
        return true;
    }
    startup_.insert(startup_.end(), packet.begin(), packet.end());
    std::uint32_t length = 0;
    if (startup_.size() >= sizeof length) {
        std::memcpy(&length, startup_.data(), sizeof length);
    }
    if (!app_.ended && length != 0 && startup_.size() >= ntohl(length)) {
        server_.descriptor = begin_connect(floor_.upstream);
        server_.watch(floor_.epoll);
        step_ = &Tunnel::connected;
    }
    return !app_.ended;
}

bool Tunnel::connected() {
    if (floor_.direct) {
        return begin_handshake();
    }
    server_.transmit(ssl_request);
    step_ = &Tunnel::read_answer;
    return !server_.ended;
}

bool Tunnel::read_answer() {
    if (!server_.readable) {
        return true;
    }
    std::array<std::uint8_t, 1> answer{};
    return server_.receive(answer) == 1 && answer[0] == 'S' && begin_handshake();
}

bool Tunnel::begin_handshake() {
    ssl_.reset(SSL_new(floor_.context.get()));
    BIO* bio = make_bio(server_);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());
    server_.readable = server_.closing;
    step_ = &Tunnel::handshake;
    return handshake();
}

bool Tunnel::handshake() {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
        // Leaves together with the end of the handshake.
        SSL_write(ssl_.get(), startup_.data(), static_cast<int>(startup_.size()));
        startup_ = {};
        step_ = &Tunnel::relay;
    } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
        ERR_print_errors_fp(stderr);
        server_.ended = true;
    }
    flush();
    return step_ == &Tunnel::relay ? relay() : !server_.ended;
}

bool Tunnel::relay() {
    relay_to_server();
    relay_to_app();
    return !server_.ended || (!app_.backlog.empty() && !app_.ended);
}

void Tunnel::relay_to_server() {
    while (app_.readable && server_.backlog.empty() && !server_.ended) {
        const std::size_t size = app_.receive(plain);
        if (size > 0) {
            SSL_write(ssl_.get(), plain.data(), static_cast<int>(size));
        }
        if (app_.ended) {
            SSL_shutdown(ssl_.get());
        }
        if (!app_.readable || sealed.size() >= plain.size()) {
            flush();
        }
    }
}

void Tunnel::relay_to_app() {
    const auto more = [this] { return server_.readable || SSL_has_pending(ssl_.get()) == 1; };
    while (more() && app_.backlog.empty()) {
        std::size_t size = 0;
        int got = 0;
        do {
            got = SSL_read(ssl_.get(), plain.data() + size, static_cast<int>(plain.size() - size));
            size += static_cast<std::size_t>(std::max(got, 0));
        } while (got > 0 && size < plain.size() && more());
        if (size > 0 && !app_.ended) {
            app_.transmit(Bytes(plain).first(size));
        }
        if (got <= 0) {
            server_.ended = SSL_get_error(ssl_.get(), got) != SSL_ERROR_WANT_READ;
            ERR_clear_error();
            return;
        }
    }
}

void Tunnel::flush() {
    if (!sealed.empty()) {
        server_.transmit(sealed);
        sealed.clear();
    }
}

} // namespace bench
