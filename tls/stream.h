#pragma once

#include "tls/asio.h"
#include "tls/context.h"
#include "tls/handles.h"
#include "tls/socket_bio.h"
#include "tls/verification.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tls {

/// Why there is no TLS session.
struct HandshakeError {
    enum class Kind {
        certificate, ///< the chain does not verify
        hostname,    ///< the chain is good, the name is not
        handshake,   ///< anything else: alert, version, cipher, ALPN, a lost connection
        cancelled,   ///< the socket was closed or cancelled from this side
    };
    Kind kind;
    Rejection why;
};

/// The client side of one TLS connection over a TCP socket.
///
/// Reading and writing never block and never wait: they say what they need, and wait_readable() or wait_writable() gets
/// it. While it waits to read, a stream holds no buffer; OpenSSL's are freed.
/// Use from one thread at a time. One reader and one writer may wait at the same time.
class Stream {
public:
    using Socket = TcpSocket;

    /// Takes a connected socket, on which nothing of TLS was said yet. `context` must outlive the stream.
    Stream(Socket socket, std::shared_ptr<const Context> context);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Performs the handshake and verifies the server as the context demands. Its last flight is held back
    /// for the first write, or whatever else is done with the connection, waiting for the peer included.
    /// `host` is what the certificate must be for; it is sent as SNI if `sni` is set and it is no address.
    /// With `alpn_required` the server must have chosen our ALPN protocol (direct TLS).
    Awaitable<std::optional<HandshakeError>> handshake(std::string host, bool sni, bool alpn_required);

    enum class Status {
        ok,         ///< the buffer is full, or there is more to read at once; or all of it was written
        want_read,  ///< nothing more before wait_readable()
        want_write, ///< nothing more before wait_writable()
        closed,     ///< the peer has ended its side; nothing more will come
        failed,     ///< the connection is lost; failure() says why
    };

    struct Transfer {
        std::size_t size; ///< bytes moved, whatever the status is
        Status status;    ///< why it did not move more
    };

    /// Decrypts as much as there is into `buffer`.
    Transfer read_some(std::span<std::uint8_t> buffer);

    /// Whether there is something to read: `ok` if so, else what read_some() would say. Takes nothing.
    Status peek();

    /// Encrypts and sends. After `want_write` it is to be called again: with what was not taken, unchanged, from the
    /// same position on, or with nothing if all was taken and only waits for the socket.
    Transfer write_some(std::span<const std::uint8_t> data);

    /// Sends close_notify. The other direction stays open. `ok`, `want_write` or `failed`.
    Status shutdown();

    /// The operation that waits for bytes from the peer. Its error_code is one only if it was cancelled.
    auto wait_readable() {
        io_.drained = false;
        send_held(); // it may be what the peer waits for
        return socket_.async_wait(Socket::wait_read, boost::asio::as_tuple(boost::asio::deferred));
    }

    /// The same for room to write.
    auto wait_writable() {
        return socket_.async_wait(Socket::wait_write, boost::asio::as_tuple(boost::asio::deferred));
    }

    /// Frees the certificates that the server has shown or that led to an anchor, all but its own: OpenSSL would keep
    /// them as long as the connection.
    void forget_chain();

    Socket& socket() { return socket_; }
    const std::string& host() const { return host_; } ///< as handshake() was told
    std::string_view failure() const { return failure_; }

    /// Why the server does not want this connection, if it has ended it with an alert. With TLS 1.3 it judges the
    /// client's certificate, or the lack of one, when handshake() is over already.
    std::optional<Rejection> refusal() const;

    /// Whether such a verdict is still to be expected after handshake(): it comes only if it is a refusal.
    bool awaits_verdict() const;

    /// As psql shows them: "TLSv1.3", "TLS_AES_256_GCM_SHA384".
    const char* version() const { return SSL_get_version(ssl_.get()); }
    const char* cipher() const { return SSL_get_cipher_name(ssl_.get()); }
    SSL* native() const { return ssl_.get(); }

private:
    void prepare();
    void send_held();
    Status status_of(int result);
    Status flush(Status status);
    bool nothing_to_read() const;
    HandshakeError handshake_error();
    std::optional<HandshakeError> check_session(bool alpn_required);
    static int on_verify(int ok, X509_STORE_CTX* store);
    static int on_certificate_request(SSL* ssl, void* self);

    Socket socket_;
    std::shared_ptr<const Context> context_;
    SocketIo io_;
    Ssl ssl_;
    std::string host_;
    std::optional<Rejection> rejection_;
    std::string failure_;
    int alert_ = -1; ///< that the server has ended it with
    bool certificate_requested_ = false;
    bool established_ = false;
    bool close_notify_sent_ = false;
};

} // namespace tls
