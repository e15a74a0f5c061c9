/// A server that takes 10,000 connections without a thought: TLS after an SSLRequest or from the first byte, any
/// startup packet is let in, and every query has the same answer, one row with the number 1. It understands Query and
/// Terminate.

#include "bench/net.h"

#include <CLI/CLI.hpp>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::uint8_t tls_handshake_record = 22;
constexpr std::size_t ssl_request_size = 8;
constexpr std::string_view alpn = "\x0apostgresql";

// AuthenticationOk, what PgBouncer wants to know, BackendKeyData, ReadyForQuery.
constexpr std::string_view welcome = "R\0\0\0\x08\0\0\0\0"
                                     "S\0\0\0\x18server_version\0"
                                     "15.0\0"
                                     "S\0\0\0\x19"
                                     "client_encoding\0UTF8\0"
                                     "S\0\0\0\x17"
                                     "DateStyle\0ISO, MDY\0"
                                     "K\0\0\0\x0c\0\0\0\x01\0\0\0\x02"
                                     "Z\0\0\0\x05I"sv;

// RowDescription of one int4 column, DataRow, CommandComplete, ReadyForQuery.
constexpr std::string_view answer = "T\0\0\0\x21\0\x01?column?\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0"
                                    "D\0\0\0\x0b\0\x01\0\0\0\x01"
                                    "1"
                                    "C\0\0\0\x0dSELECT 1\0"
                                    "Z\0\0\0\x05I"sv;

/// Follows what a client says: its startup packet, then messages.
class Conversation {
public:
    /// Takes the next bytes. Adds what is to be answered; false after Terminate.
    bool take(std::string_view bytes, std::string& reply) {
        received_ += bytes;
        std::size_t tag = started_ ? 1 : 0;
        while (received_.size() >= tag + 4) {
            const std::size_t size = tag + length_at(tag);
            if (received_.size() < size) {
                break;
            }
            if (started_ && received_[0] == 'X') {
                return false;
            }
            if (!started_ || received_[0] == 'Q') {
                reply += started_ ? answer : welcome;
            }
            received_.erase(0, size);
            started_ = true;
            tag = 1;
        }
        return true;
    }

private:
    std::size_t length_at(std::size_t position) const {
        std::size_t length = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            length = length << 8 | static_cast<std::uint8_t>(received_[position + i]);
        }
        return length;
    }

    bool started_ = false;
    std::string received_;
};

struct Client {
    int descriptor;
    Ssl ssl;
    Conversation conversation;
};

int choose_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                unsigned int offered_size, void* /*unused*/) {
    const auto* mine = reinterpret_cast<const unsigned char*>(alpn.data());
    const int found =
        SSL_select_next_proto(const_cast<unsigned char**>(out), size, mine, alpn.size(), offered, offered_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SslContext make_context(const std::string& certificate, const std::string& key) {
    SslContext context(SSL_CTX_new(TLS_server_method()));
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
        fail(certificate);
    }
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
    return context;
}

/// Answers an SSLRequest, and begins TLS once it is the client's turn. False if the client is gone.
bool begin_tls(Client& client, SSL_CTX* context) {
    std::array<char, ssl_request_size> first{};
    const ssize_t got = recv(client.descriptor, first.data(), first.size(), MSG_PEEK);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    if (static_cast<std::uint8_t>(first[0]) == tls_handshake_record) {
        client.ssl.reset(SSL_new(context));
        SSL_set_fd(client.ssl.get(), client.descriptor);
        SSL_set_accept_state(client.ssl.get());
    } else if (static_cast<std::size_t>(got) == first.size()) {
        recv(client.descriptor, first.data(), first.size(), 0);
        send(client.descriptor, "S", 1, MSG_NOSIGNAL);
    }
    return true;
}

/// Reads all there is and answers it. False if the conversation is over.
bool converse(Client& client) {
    std::array<char, 4096> buffer{};
    std::string reply;
    int got = 0;
    while ((got = SSL_read(client.ssl.get(), buffer.data(), buffer.size())) > 0) {
        if (!client.conversation.take({buffer.data(), static_cast<std::size_t>(got)}, reply)) {
            return false;
        }
    }
    bool open = SSL_get_error(client.ssl.get(), got) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    if (open && !reply.empty()) {
        open = SSL_write(client.ssl.get(), reply.data(), static_cast<int>(reply.size())) > 0;
    }
    return open;
}

[[noreturn]] void run(int listener, SSL_CTX* context) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener, EPOLLIN, nullptr);
    std::array<epoll_event, 256> events{};
    for (;;) {
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
            auto* client = static_cast<Client*>(event.data.ptr);
            if (client == nullptr) {
                if (const int descriptor = accept_from(listener); descriptor >= 0) {
                    watch(epoll, descriptor, EPOLLIN, new Client{descriptor, nullptr, {}});
                }
                continue;
            }
            const bool open = client->ssl ? converse(*client) : begin_tls(*client, context);
            if (!open) {
                close(client->descriptor);
                delete client;
            }
        }
    }
}

} // namespace
} // namespace bench

int main(int argc, char** argv) {
    std::string listen = "127.0.0.1:5432";
    std::string certificate;
    std::string key;
    CLI::App app("Looks like a PostgreSQL server with TLS; every query has the same answer.");
    app.add_option("--listen", listen, "IPv4 address and port")->capture_default_str();
    app.add_option("--certificate", certificate, "PEM file")->required();
    app.add_option("--key", key, "PEM file")->required();
    CLI11_PARSE(app, argc, argv);
    const bench::SslContext context = bench::make_context(certificate, key);
    const int listener = bench::listen_on(bench::parse_address(listen));
    std::fputs("listening\n", stderr);
    bench::run(listener, context.get());
}
