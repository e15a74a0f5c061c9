/// The measuring stick: the least that carrying PostgreSQL over TLS costs with one epoll loop and OpenSSL.
///
/// Left out on purpose: the filter on authentication, message boundaries, limits, timeouts, fairness, metrics, logs,
/// IPv6, names. The server must not offer SCRAM-SHA-256-PLUS, at which libpq stops.
///
/// A message costs one epoll_wait, one recv and one send: sockets are registered once and edge-triggered, and nothing
/// is read only to hear that nothing is there.

#include "bench/floor_tunnel.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <vector>

namespace bench {
namespace {

// PostgreSQL up to 17 takes P-256 alone; another first guess costs a round trip.
constexpr const char* groups = "P-256:X25519";
constexpr std::string_view alpn = "\x0apostgresql";
constexpr std::size_t read_ahead = std::size_t{64} * 1024;

SslContext make_context(const std::string& root) {
    SslContext context(SSL_CTX_new(TLS_client_method()));
    if (SSL_CTX_load_verify_file(context.get(), root.c_str()) != 1) {
        fail(root);
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(context.get()), "localhost", 0);
    SSL_CTX_set1_groups_list(context.get(), groups);
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()), alpn.size());
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context.get(), 1);
    SSL_CTX_set_default_read_buffer_len(context.get(), read_ahead);
    return context;
}

void accept(int listener, const Floor& floor) {
    const int descriptor = accept_from(listener);
    if (descriptor >= 0) {
        new Tunnel(floor, descriptor); // epoll holds it from now on
    }
}

[[noreturn]] void run(const Floor& floor, int listener) {
    std::array<epoll_event, 256> events{};
    std::vector<Tunnel*> over;
    for (;;) {
        const int count = epoll_wait(floor.epoll, events.data(), static_cast<int>(events.size()), -1);
        for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
            if (event.data.ptr == nullptr) {
                accept(listener, floor);
                continue;
            }
            Side& side = *static_cast<Side*>(event.data.ptr);
            side.take(event.events);
            if (!side.tunnel.advance(side) && std::ranges::find(over, &side.tunnel) == over.end()) {
                over.push_back(&side.tunnel);
            }
        }
        // Only now: another event of the same turn may have meant the same tunnel.
        for (const Tunnel* tunnel : over) {
            delete tunnel;
        }
        over.clear();
    }
}

} // namespace
} // namespace bench

int main(int argc, char** argv) {
    std::string listen = "127.0.0.1:6432";
    std::string upstream = "127.0.0.1:5432";
    std::string root;
    bool direct = false;
    CLI::App app(
        "The least that carrying PostgreSQL over TLS costs: plaintext in, TLS out. To measure with, not to use.");
    app.add_option("--listen", listen, "IPv4 address and port for clients")->capture_default_str();
    app.add_option("--upstream", upstream, "IPv4 address and port of the server")->capture_default_str();
    app.add_option("--root", root, "The certificate (PEM) at which the server's must end; it must be for localhost")
        ->required();
    app.add_flag("--direct", direct, "TLS from the first byte, without SSLRequest (PostgreSQL 17 and later)");
    CLI11_PARSE(app, argc, argv);

    const bench::Floor floor{bench::parse_address(upstream), direct, epoll_create1(EPOLL_CLOEXEC),
                             bench::make_context(root)};
    const int listener = bench::listen_on(bench::parse_address(listen));
    bench::watch(floor.epoll, listener, EPOLLIN, nullptr);
    bench::run(floor, listener);
}
