#pragma once

#include "tests/tls/make_certificate.h"
#include "tls/asio.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace tls::test {

/// How the server of a test behaves.
struct ServerOptions {
    int max_version = 0;     ///< the newest
    std::size_t tickets = 0; ///< for resumption; PostgreSQL sends none
    const char* groups = nullptr;
    std::string alpn = {};           ///< the protocol to choose; none if empty
    bool client_certificate = false; ///< demands one
    std::vector<const Identity*> chain = {};
    std::string staple = {}; ///< the OCSP response for whoever asks; none if empty
};

/// The server side of one TLS connection, apart from its socket: so a test has every byte of the wire in its hand.
/// Nothing here ever blocks.
class TlsServer {
public:
    using Socket = TcpSocket;

    TlsServer(Socket socket, const Identity& identity, ServerOptions options)
        : options_(std::move(options)), socket_(std::move(socket)), context_(SSL_CTX_new(TLS_server_method())) {
        socket_.non_blocking(true);
        SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
        for (const Identity* issuer : options_.chain) {
            SSL_CTX_add1_chain_cert(context_.get(), issuer->certificate.get());
        }
        SSL_CTX_set_num_tickets(context_.get(), options_.tickets);
        SSL_CTX_set_max_proto_version(context_.get(), options_.max_version);
        SSL_CTX_set_alpn_select_cb(context_.get(), choose_alpn, this);
        if (options_.groups != nullptr) {
            SSL_CTX_set1_groups_list(context_.get(), options_.groups);
        }
        if (options_.client_certificate) {
            SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_anybody);
        }
        if (!options_.staple.empty()) {
            SSL_CTX_set_tlsext_status_cb(context_.get(), give_staple);
            SSL_CTX_set_tlsext_status_arg(context_.get(), &options_.staple);
        }
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_msg_callback(ssl_.get(), count_messages);
        SSL_set_msg_callback_arg(ssl_.get(), this);
        SSL_set_accept_state(ssl_.get());
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    SSL* native() { return ssl_.get(); }
    Socket& socket() { return socket_; }
    bool handshake_over() const { return handshake_over_; } ///< well or badly
    int client_hellos() const { return client_hellos_; }
    const std::string& alpn_offered() const { return alpn_offered_; } ///< as it stands in the ClientHello

    /// Takes what has arrived, and goes on with the handshake if it is not finished.
    void advance() {
        pull();
        if (!handshake_over_) {
            const int result = SSL_do_handshake(ssl_.get());
            handshake_over_ = SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
        }
    }

    /// The same, and sends what there is to send.
    void step() {
        advance();
        flush();
    }

    /// The records that carry `data`, not sent yet, after whatever else there was to send.
    std::string encrypt(std::string_view data) {
        std::size_t written = 0;
        SSL_write_ex(ssl_.get(), data.data(), data.size(), &written);
        return take_records();
    }

    /// What the TLS side wants to send.
    std::string take_records() {
        std::string records(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
        BIO_read(SSL_get_wbio(ssl_.get()), records.data(), static_cast<int>(records.size()));
        return records;
    }

    /// Sends these very bytes as soon as the socket takes them.
    void send(std::string_view wire) {
        unsent_ += wire;
        flush();
    }

    void write(std::string_view data) { send(encrypt(data)); }

    /// Sends close_notify.
    void close_notify() {
        SSL_shutdown(ssl_.get());
        flush();
    }

    /// All that the client has said and that has arrived.
    std::string read() {
        pull();
        std::string data;
        std::array<char, 16384> buffer{};
        std::size_t size = 0;
        while (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size) == 1) {
            data.append(buffer.data(), size);
        }
        flush();
        return data;
    }

    /// Whether the client has sent close_notify, as far as read() has come.
    bool saw_close_notify() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

    /// Ends with a FIN and without close_notify, as PostgreSQL does. Its own receiving side stays open.
    void finish() { socket_.shutdown(Socket::shutdown_send); }

    /// Ends with a RST.
    void reset() {
        socket_.set_option(boost::asio::socket_base::linger(true, 0));
        socket_.close();
    }

private:
    void pull() {
        std::array<char, 16384> buffer{};
        boost::system::error_code error;
        while (const std::size_t size = socket_.read_some(boost::asio::buffer(buffer), error)) {
            BIO_write(SSL_get_rbio(ssl_.get()), buffer.data(), static_cast<int>(size));
        }
    }

    void flush() {
        unsent_ += take_records();
        boost::system::error_code error;
        while (const std::size_t size = socket_.write_some(boost::asio::buffer(unsent_), error)) {
            unsent_.erase(0, size);
        }
    }

    static int accept_anybody(int /*ok*/, X509_STORE_CTX* /*store*/) { return 1; }

    static int give_staple(SSL* ssl, void* staple) {
        const auto& text = *static_cast<const std::string*>(staple);
        // OpenSSL frees the copy.
        SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup(text.data(), text.size()), static_cast<long>(text.size()));
        return SSL_TLSEXT_ERR_OK;
    }

    static int choose_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                           unsigned int offered_size, void* self) {
        auto& server = *static_cast<TlsServer*>(self);
        server.alpn_offered_.assign(reinterpret_cast<const char*>(offered), offered_size);
        if (server.options_.alpn.empty()) {
            return SSL_TLSEXT_ERR_NOACK;
        }
        *out = reinterpret_cast<const unsigned char*>(server.options_.alpn.data());
        *size = static_cast<unsigned char>(server.options_.alpn.size());
        return SSL_TLSEXT_ERR_OK;
    }

    static void count_messages(int sent, int /*version*/, int type, const void* message, std::size_t size, SSL* /*ssl*/,
                               void* self) {
        if (sent == 0 && type == SSL3_RT_HANDSHAKE && size > 0 &&
            *static_cast<const unsigned char*>(message) == SSL3_MT_CLIENT_HELLO) {
            ++static_cast<TlsServer*>(self)->client_hellos_;
        }
    }

    ServerOptions options_;
    Socket socket_;
    SslContext context_;
    Ssl ssl_;
    std::string unsent_;
    std::string alpn_offered_;
    int client_hellos_ = 0;
    bool handshake_over_ = false;
};

} // namespace tls::test
