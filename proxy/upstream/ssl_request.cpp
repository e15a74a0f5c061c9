#include "proxy/upstream/ssl_request.h"

#include "protocol/startup.h"
#include "tls/error.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdint>
#include <tuple>

namespace proxy {

namespace asio = boost::asio;

namespace {

/// What stands where 'S' or 'N' should. An ErrorResponse before TLS is unauthenticated, so its text is never shown.
std::string describe_answer(std::uint8_t answer) {
    if (answer == 'E') {
        return "with an error in clear, which is not shown because anybody could have sent it";
    }
    return "with the byte \"" + tls::escape({reinterpret_cast<const char*>(&answer), 1}) + "\" instead of S or N";
}

} // namespace

Awaitable<std::optional<Failure>> request_ssl(TcpSocket& socket, std::string where) {
    boost::system::error_code error;
    std::size_t size = asio::write(socket, asio::buffer(protocol::ssl_request), error); // the first bytes find room
    std::array<std::uint8_t, 2> answers{};
    if (!error) {
        auto read = socket.async_read_some(asio::buffer(answers), asio::as_tuple(asio::deferred));
        std::tie(error, size) = co_await std::move(read);
    }
    if (error) {
        co_return Failure{Reason::tls_protocol,
                          "the server closed the connection instead of answering SSLRequest",
                          where + ": " + error.message(),
                          {}};
    }
    const std::uint8_t answer = answers[0];
    if (answer == 'N') {
        co_return Failure{Reason::tls_refused, "server does not support SSL, but SSL was required", where, {}};
    }
    if (answer != 'S') {
        co_return Failure{Reason::tls_protocol, "the server answered SSLRequest " + describe_answer(answer), where, {}};
    }
    // One byte and no more: whatever stands behind it is not from whom we think.
    if (size > 1) {
        co_return Failure{Reason::tls_protocol,
                          "received unencrypted data after the answer to SSLRequest",
                          where + ": somebody in between may be injecting it (CVE-2021-23222)",
                          {}};
    }
    co_return std::nullopt;
}

} // namespace proxy
