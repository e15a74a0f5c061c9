#pragma once

#include "tests/tls/tls_server.h"
#include "tls/stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace tls::test {

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// What a stream gave, and why it gave no more.
struct Received {
    std::string data;
    Stream::Status status = Stream::Status::ok;
};

/// Bytes in which nothing repeats.
inline std::string pattern(std::size_t size) {
    std::mt19937 random(static_cast<unsigned>(size));
    std::string text(size, '\0');
    std::ranges::generate(text, [&] { return static_cast<char>(random()); });
    return text;
}

/// Two ends of a TCP connection over loopback: the client's and the server's.
struct SocketPair {
    /// Without a size of the buffers between them, the system's own is taken.
    SocketPair(boost::asio::io_context& io, std::optional<int> buffer_size) : client(io), server(io) {
        namespace ip = boost::asio::ip;
        ip::tcp::acceptor acceptor(io, {ip::address_v4::loopback(), 0});
        client.open(ip::tcp::v4());
        if (buffer_size) {
            acceptor.set_option(boost::asio::socket_base::receive_buffer_size(*buffer_size));
            client.set_option(boost::asio::socket_base::send_buffer_size(*buffer_size));
        }
        client.connect(acceptor.local_endpoint());
        acceptor.accept(server);
    }

    TcpSocket client;
    TcpSocket server;
};

inline ContextOptions verifying_nothing() {
    ContextOptions options;
    options.verify = Verify::none;
    return options;
}

/// A self-signed certificate for localhost.
inline const Identity& localhost() {
    static const Identity identity = make_identity({.names = {dns("localhost")}});
    return identity;
}

struct Scenario {
    ContextOptions client = verifying_nothing();
    ServerOptions server = {};
    const Identity* identity = &localhost(); ///< of the server
    std::optional<int> buffer_size = {};
};

/// A stream and the server it talks to, moved by the test, in one thread.
class Connection {
    boost::asio::io_context io_;
    SocketPair sockets_;

public:
    TlsServer server;
    Stream stream;

    explicit Connection(const Scenario& scenario = {})
        : sockets_(io_, scenario.buffer_size), server(std::move(sockets_.server), *scenario.identity, scenario.server),
          stream(std::move(sockets_.client), std::make_shared<const Context>(scenario.client)) {}

    /// Lets everything run that can. Waits for nothing.
    void turn() {
        io_.restart();
        io_.poll();
    }

    /// The stream's waits, to be started or run.
    Awaitable<boost::system::error_code> readable() {
        auto wait = stream.wait_readable();
        const auto [error] = co_await std::move(wait);
        co_return error;
    }

    Awaitable<boost::system::error_code> writable() {
        auto wait = stream.wait_writable();
        const auto [error] = co_await std::move(wait);
        co_return error;
    }

    template <typename T>
    using Pending = std::shared_ptr<std::optional<T>>;

    /// Begins `operation`; the result is there when some turn() has brought it.
    template <typename T>
    Pending<T> start(Awaitable<T> operation) {
        auto result = std::make_shared<std::optional<T>>();
        boost::asio::co_spawn(io_, keep(std::move(operation), result), [](const std::exception_ptr& error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
        turn();
        return result;
    }

    /// Takes turns with the server until `operation` is done.
    template <typename T>
    T run(Awaitable<T> operation) {
        const auto result = start(std::move(operation));
        while (!*result) {
            server.step();
            turn();
        }
        return std::move(**result);
    }

    std::optional<HandshakeError> handshake(const std::string& host = "localhost", bool sni = true, bool alpn = false) {
        auto error = run(stream.handshake(host, sni, alpn));
        if (!error) {
            stream.write_some({}); // the last flight
        }
        while (!error && !server.handshake_over()) {
            server.step();
        }
        return error;
    }

    /// Reads until there are `size` bytes or the stream has ended.
    Received read(std::size_t size) {
        Received received;
        std::array<std::uint8_t, 5000> buffer{};
        while (received.data.size() < size) {
            const auto room = std::span(buffer).first(std::min(buffer.size(), size - received.data.size()));
            const auto [count, status] = stream.read_some(room);
            received.data.append(buffer.begin(), buffer.begin() + count);
            received.status = status;
            if (status == Stream::Status::closed || status == Stream::Status::failed) {
                break;
            }
            if (status == Stream::Status::want_read) {
                run(readable());
            } else if (status == Stream::Status::want_write) {
                run(writable());
            }
        }
        return received;
    }

    Received read_to_end() { return read(std::string::npos); }

    /// Reads on the server's side until there are `size` bytes.
    std::string read_at_server(std::size_t size) {
        std::string data;
        while (data.size() < size) {
            data += server.read();
        }
        return data;
    }

private:
    template <typename T>
    static Awaitable<void> keep(Awaitable<T> operation, Pending<T> result) {
        result->emplace(co_await std::move(operation));
    }
};

} // namespace tls::test
