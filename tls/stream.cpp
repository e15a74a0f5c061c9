#include "tls/stream.h"

#include "tls/error.h"
#include "tls/hostname.h"
#include "tls/stapling.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <openssl/err.h>

#include <cstring>
#include <new>

namespace tls {

namespace asio = boost::asio;
using boost::system::error_code;

Stream::Stream(Socket socket, std::shared_ptr<const Context> context)
    : socket_(std::move(socket)), context_(std::move(context)), ssl_(SSL_new(context_->native())) {
    Bio bio = make_socket_bio(io_);
    if (!ssl_ || !bio) {
        throw std::bad_alloc();
    }
    socket_.native_non_blocking(true);
    SSL_set0_rbio(ssl_.get(), bio.get());
    BIO_up_ref(bio.get());
    SSL_set0_wbio(ssl_.get(), bio.release());
    SSL_set_app_data(ssl_.get(), this);
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

asio::awaitable<std::optional<HandshakeError>> Stream::handshake(std::string host, bool sni, bool alpn_required) {
    if (sni && is_server_name(host)) {
        SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    }
    for (;;) {
        prepare();
        const int result = SSL_do_handshake(ssl_.get());
        if (result == 1) {
            established_ = true;
            co_return check_session(host, alpn_required);
        }
        error_code error;
        switch (status_of(result)) {
        case Status::want_read: error = co_await receive(); break;
        case Status::want_write: error = co_await wait_writable(); break;
        default: co_return handshake_error();
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
    const bool lost = io_.eof || io_.read_error != 0 || io_.write_error != 0;
    return {
        HandshakeError::Kind::handshake,
        {lost ? "the server closed the connection during the TLS handshake" : "TLS handshake failed", failure_, {}}};
}

std::optional<HandshakeError> Stream::check_session(const std::string& host, bool alpn_required) {
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
        if (auto rejection = check_host(SSL_get0_peer_certificate(ssl_.get()), host)) {
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

void Stream::prepare() {
    ERR_clear_error();
    // A closed socket's number may be somebody else's already.
    io_.descriptor = socket_.native_handle();
}

/// Tells what the last call on the SSL object needs; keeps the words of a failure.
Stream::Status Stream::status_of(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Status::ok;
    case SSL_ERROR_WANT_READ: return Status::want_read;
    case SSL_ERROR_WANT_WRITE: return Status::want_write;
    case SSL_ERROR_ZERO_RETURN: return Status::closed;
    default: break;
    }
    const bool unexpected_eof = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    failure_ = drain_error_queue();
    if (const int error = io_.write_error != 0 ? io_.write_error : io_.read_error; error != 0) {
        failure_ = std::strerror(error);
    } else if (unexpected_eof) {
        failure_ = "connection closed by the server";
    }
    // PostgreSQL ends with a bare FIN, without close_notify: whether that was too early is for the protocol to say.
    return unexpected_eof && established_ ? Status::closed : Status::failed;
}

Stream::Transfer Stream::read_some(std::span<std::uint8_t> buffer) {
    std::size_t total = 0;
    while (total < buffer.size()) {
        std::size_t size = 0;
        prepare();
        const int result = SSL_read_ex(ssl_.get(), buffer.data() + total, buffer.size() - total, &size);
        if (result != 1) {
            return {total, status_of(result)};
        }
        total += size;
    }
    return {total, Status::ok};
}

Stream::Transfer Stream::write_some(std::span<const std::uint8_t> data) {
    std::size_t total = 0;
    while (total < data.size()) {
        std::size_t size = 0;
        prepare();
        const int result = SSL_write_ex(ssl_.get(), data.data() + total, data.size() - total, &size);
        if (result != 1) {
            return {total, status_of(result)};
        }
        total += size;
    }
    return {total, Status::ok};
}

Stream::Status Stream::shutdown() {
    // After a fatal error OpenSSL must not be asked to say goodbye.
    if (!failure_.empty() || !established_) {
        return Status::failed;
    }
    // Once it is sent, another call would wait for the peer's.
    if (!close_notify_sent_) {
        prepare();
        const int result = SSL_shutdown(ssl_.get());
        if (result < 0) {
            return status_of(result);
        }
        close_notify_sent_ = true;
    }
    return Status::ok;
}

asio::awaitable<error_code> Stream::receive() {
    auto operation = socket_.async_read_some(asio::buffer(received_), asio::as_tuple(asio::deferred));
    const auto [error, size] = co_await std::move(operation);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
        co_return error;
    }
    io_.received = {received_.data(), size};
    io_.drained = size < received_.size();
    io_.eof = error == asio::error::eof;
    io_.read_error = error && !io_.eof ? error.value() : 0;
    co_return error_code{};
}

asio::awaitable<error_code> Stream::wait_writable() {
    auto operation = socket_.async_wait(Socket::wait_write, asio::as_tuple(asio::deferred));
    const auto [error] = co_await std::move(operation);
    co_return error;
}

} // namespace tls
