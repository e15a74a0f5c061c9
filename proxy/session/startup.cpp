#include "proxy/session/startup.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <array>

namespace proxy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A client asks for SSL and for GSSAPI, perhaps for each again over the same connection, and then gives in.
constexpr unsigned max_refusals = 4;

} // namespace

void StartupReader::abort(Failure failure) {
    aborted_ = std::move(failure);
    app_.cancel();
}

void StartupReader::refuse(Failure failure, std::chrono::milliseconds patience) {
    refused_ = std::move(failure);
    patience_.emplace(app_.get_executor(), patience, [this] { abort(*refused_); });
}

Awaitable<Result<Startup>> StartupReader::read() {
    for (;;) {
        const auto decoded = protocol::decode_startup_packet(buffer_);
        std::optional<Failure> failure;
        if (const auto* invalid = std::get_if<protocol::Invalid>(&decoded)) {
            failure = Failure{Reason::startup_invalid, "the application sent " + std::string(invalid->reason), {}, {}};
        } else if (const auto* found = std::get_if<protocol::Decoded>(&decoded)) {
            const bool for_server = !std::holds_alternative<protocol::SslRequest>(found->packet) &&
                                    !std::holds_alternative<protocol::GssEncRequest>(found->packet);
            if (for_server && refused_) {
                co_return std::move(*refused_);
            }
            if (for_server) {
                co_return Startup{found->packet, std::move(buffer_)};
            }
            failure = co_await refuse_encryption(found->size);
        } else {
            failure = co_await receive();
        }
        if (failure) {
            co_return std::move(*failure);
        }
    }
}

Awaitable<std::optional<Failure>> StartupReader::receive() {
    std::array<std::uint8_t, 1024> chunk; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by the read
    auto operation = app_.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::deferred));
    const auto [error, size] = co_await std::move(operation);
    if (aborted_) {
        co_return std::move(aborted_);
    }
    if (error == asio::error::eof) {
        co_return describe_eof();
    }
    if (error) {
        co_return Failure{Reason::client_lost, "lost the application: " + error.message(), {}, {}};
    }
    buffer_.insert(buffer_.end(), chunk.begin(), chunk.begin() + size);
    co_return std::nullopt;
}

Awaitable<std::optional<Failure>> StartupReader::refuse_encryption(std::size_t packet_size) {
    if (++refusals_ > max_refusals) {
        co_return Failure{Reason::startup_invalid, "the application keeps asking for encryption", {}, {}};
    }
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(packet_size));
    constexpr std::array<std::uint8_t, 1> no = {'N'};
    const error_code error = co_await write_all(app_, no);
    if (aborted_) {
        co_return std::move(aborted_);
    }
    if (error) {
        co_return Failure{Reason::client_lost, "lost the application: " + error.message(), {}, {}};
    }
    co_return std::nullopt;
}

Failure StartupReader::describe_eof() const {
    if (!buffer_.empty()) {
        return {Reason::startup_invalid, "the application closed in the middle of its startup packet", {}, {}};
    }
    if (refusals_ > 0) {
        return {Reason::client_closed,
                "the application closed when it was told that this leg has no encryption",
                {},
                "The application demands SSL by itself: set its sslmode to disable or prefer."};
    }
    return {Reason::no_request, {}, {}, {}};
}

} // namespace proxy
