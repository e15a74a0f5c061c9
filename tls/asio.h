#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

/// Asio's types with the executor named: Asio's default can be any executor, and costs for that on every operation.
namespace tls {

using Executor = boost::asio::io_context::executor_type;

template <typename T>
using Awaitable = boost::asio::awaitable<T, Executor>;

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

} // namespace tls
