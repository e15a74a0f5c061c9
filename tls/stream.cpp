#include "tls/stream.h"

#include "tls/error.h"
#include "tls/hostname.h"
#include "tls/stapling.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace tls {

using boost::system::error_code;

namespace {

// Of plaintext, for one call of the kernel: eight records.
constexpr std::size_t max_piece = std::size_t{128} * 1024;

// Of ciphertext, for one call: a server that streams what is no data must not keep the thread.
constexpr std::size_t max_intake = std::size_t{256} * 1024;

/// What a server says of a client's certificate.
const char* hint_of_alert(int alert) {
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
        return "The server does not accept the client certificate: check sslcert, and the server's ssl_ca_file.";
    case TLS13_AD_CERTIFICATE_REQUIRED: return "The server demands a client certificate: set sslcert and sslkey.";
    default: return "";
    }
}

void clear(STACK_OF(X509) * certificates) {
    while (X509* certificate = sk_X509_pop(certificates)) {
        X509_free(certificate);
    }
}

} // namespace

Stream::Stream(Socket socket, std::shared_ptr<const Context> context)
    : socket_(std::move(socket)), context_(std::move(context)), ssl_(SSL_new(context_->native())) {
    Bio bio = make_socket_bio(io_);
    if (!ssl_ || !bio) {
        throw std::bad_alloc();
    }
    if (!socket_.non_blocking()) {
        socket_.non_blocking(true);
    }
    SSL_set0_rbio(ssl_.get(), bio.get());
    BIO_up_ref(bio.get());
    SSL_set0_wbio(ssl_.get(), bio.release());
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_cert_cb(ssl_.get(), on_certificate_request, this);
    if (context_->verify() != Verify::none) {
        SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, on_verify);
    }
    SSL_set_connect_state(ssl_.get());
}

int Stream::on_verify(int ok, X509_STORE_CTX* store) {
    if (ok == 0) {
        const auto* ssl =
            static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        auto* self = static_cast<Stream*>(SSL_get_app_data(ssl));
        self->rejection_ = explain_chain_error(store, *self->context_);
    }
    return ok;
}

int Stream::on_certificate_request(SSL* /*ssl*/, void* self) {
    static_cast<Stream*>(self)->certificate_requested_ = true;
    return 1; // it gets what the context has
}

Awaitable<std::optional<HandshakeError>> Stream::handshake(std::string host, bool sni, bool alpn_required) {
    host_ = std::move(host);
    if (sni && is_server_name(host_)) {
        SSL_set_tlsext_host_name(ssl_.get(), host_.c_str());
    }
    for (;;) {
        prepare();
        const int result = SSL_do_handshake(ssl_.get());
        established_ = result == 1;
        if (established_ && io_.backlog.empty()) {
            tls::hold(io_);
            co_return check_session(alpn_required);
        }
        const Status status = flush(status_of(result));
        error_code error;
        if (status == Status::want_write || !io_.backlog.empty()) {
            auto wait = wait_writable();
            std::tie(error) = co_await std::move(wait);
        } else if (status == Status::want_read) {
            auto wait = wait_readable();
            std::tie(error) = co_await std::move(wait);
        } else if (status == Status::ok) {
            co_return check_session(alpn_required);
        } else {
            co_return handshake_error();
        }
        if (error) {
            co_return HandshakeError{HandshakeError::Kind::cancelled, {error.message(), {}, {}}};
        }
    }
}

HandshakeError Stream::handshake_error() {
    if (rejection_) {
        return {HandshakeError::Kind::certificate, std::move(*rejection_)};
    }
    if (auto why = refusal()) {
        return {HandshakeError::Kind::handshake, std::move(*why)};
    }
    const bool lost = io_.eof || io_.read_error != 0 || io_.write_error != 0;
    return {
        HandshakeError::Kind::handshake,
        {lost ? "the server closed the connection during the TLS handshake" : "TLS handshake failed", failure_, {}}};
}

std::optional<Rejection> Stream::refusal() const {
    if (alert_ < 0) {
        return std::nullopt;
    }
    return Rejection{"TLS handshake failed", failure_, hint_of_alert(alert_)};
}

bool Stream::awaits_verdict() const {
    return certificate_requested_ && SSL_version(ssl_.get()) == TLS1_3_VERSION;
}

std::optional<HandshakeError> Stream::check_session(bool alpn_required) {
    // Whatever the mode, as in libpq: a cipher without authentication shows no certificate at all.
    if (SSL_get0_peer_certificate(ssl_.get()) == nullptr) {
        return HandshakeError{HandshakeError::Kind::certificate, {"the server has shown no certificate", {}, {}}};
    }
    if (context_->verify() != Verify::none) {
        if (auto rejection = check_staple(ssl_.get())) {
            return HandshakeError{HandshakeError::Kind::certificate, std::move(*rejection)};
        }
    }
    if (context_->verify() == Verify::full) {
        if (auto rejection = check_host(SSL_get0_peer_certificate(ssl_.get()), host_)) {
            return HandshakeError{HandshakeError::Kind::hostname, std::move(*rejection)};
        }
    }
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    const std::string_view chosen(reinterpret_cast<const char*>(protocol), size);
    if (alpn_required && chosen != alpn_protocol) {
        return HandshakeError{HandshakeError::Kind::handshake,
                              {"direct TLS without the ALPN protocol \"postgresql\"",
                               "the server chose \"" + escape(chosen) + "\"",
                               "Direct TLS needs PostgreSQL 17 or later: set sslnegotiation=postgres."}};
    }
    return std::nullopt;
}

/// Before every call of OpenSSL that does I/O: its errors are told by the queue, and the socket may be closed by now.
void Stream::prepare() {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
    // A closed socket's number may be somebody else's already.
    io_.descriptor = socket_.native_handle();
    io_.allowance = max_intake;
}

void Stream::forget_chain() {
    clear(SSL_get_peer_cert_chain(ssl_.get()));
    clear(SSL_get0_verified_chain(ssl_.get()));
}

void Stream::send_held() {
    if (io_.held) {
        prepare();
        tls::flush(io_);
    }
}

/// Tells what the last call on the SSL object needs; keeps the words of a failure.
Stream::Status Stream::status_of(int result) {
    if (result > 0) {
        return Status::ok;
    }
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Status::ok;
    case SSL_ERROR_WANT_READ: return Status::want_read;
    case SSL_ERROR_WANT_WRITE: return Status::want_write;
    case SSL_ERROR_ZERO_RETURN: return Status::closed;
    default: break;
    }
    const int reason = ERR_GET_REASON(ERR_peek_error());
    const bool unexpected_eof = reason == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    const bool alerted = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET;
    if (alerted) {
        alert_ = reason - SSL_AD_REASON_OFFSET;
    }
    failure_ = drain_error_queue();
    const int error = io_.write_error != 0 ? io_.write_error : io_.read_error;
    if (error != 0 && !alerted) { // a server that alerts and closes makes a write fail, too
        failure_ = std::strerror(error);
    } else if (unexpected_eof) {
        failure_ = "connection closed by the server";
    }
    // PostgreSQL ends with a bare FIN, without close_notify: whether that was too early is for the protocol to say.
    return unexpected_eof && established_ ? Status::closed : Status::failed;
}

/// Sends what the last call on the SSL object has written; `status` is what it said.
Stream::Status Stream::flush(Status status) {
    tls::flush(io_);
    if (io_.write_error != 0 && status != Status::failed) {
        failure_ = std::strerror(io_.write_error);
        return Status::failed;
    }
    return status == Status::ok && !io_.backlog.empty() ? Status::want_write : status;
}

/// Whether OpenSSL could only say that it wants to read: asked, it would fetch a buffer first.
bool Stream::nothing_to_read() const {
    return io_.nothing_to_read() && failure_.empty() && SSL_has_pending(ssl_.get()) == 0 &&
           (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) == 0;
}

Stream::Transfer Stream::read_some(std::span<std::uint8_t> buffer) {
    std::size_t total = 0;
    Status status = Status::ok;
    prepare();
    while (status == Status::ok && total < buffer.size()) {
        if (nothing_to_read()) {
            status = Status::want_read;
            break;
        }
        std::size_t size = 0;
        status = status_of(SSL_read_ex(ssl_.get(), buffer.data() + total, buffer.size() - total, &size));
        total += size;
    }
    if (status == Status::want_read && !io_.drained) {
        status = Status::ok; // there is more, after the neighbours' turn
    }
    tls::flush(io_); // it may have answered; should that fail, what the peer has said is still to be read
    return {total, status};
}

Stream::Status Stream::peek() {
    std::uint8_t byte = 0;
    std::size_t size = 0;
    prepare();
    io_.drained = false; // nobody may have waited
    const Status status = status_of(SSL_peek_ex(ssl_.get(), &byte, 1, &size));
    tls::flush(io_);
    return status;
}

Stream::Transfer Stream::write_some(std::span<const std::uint8_t> data) {
    std::size_t total = 0;
    prepare();
    Status status = io_.held && !data.empty() ? Status::ok : flush(Status::ok);
    while (status == Status::ok && total < data.size()) {
        const auto piece = data.subspan(total, std::min(data.size() - total, max_piece));
        std::size_t size = 0;
        status = flush(status_of(SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &size)));
        total += size;
    }
    return {total, status};
}

Stream::Status Stream::shutdown() {
    // After a fatal error OpenSSL must not be asked to say goodbye.
    if (!failure_.empty() || !established_) {
        return Status::failed;
    }
    prepare();
    Status status = Status::ok;
    // Once it is sent, another call would wait for the peer's.
    if (!close_notify_sent_) {
        const int result = SSL_shutdown(ssl_.get());
        close_notify_sent_ = result >= 0;
        status = close_notify_sent_ ? Status::ok : status_of(result);
    }
    return flush(status);
}

} // namespace tls
