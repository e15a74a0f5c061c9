#include "proxy/server/notify.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include <cstdlib>
#include <string>

namespace proxy {

namespace asio = boost::asio;

void notify_service_manager(std::string_view state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || *path == '\0') {
        return;
    }
    std::string address(path);
    if (address.front() == '@') {
        address.front() = '\0'; // the abstract namespace
    }
    asio::io_context context(1);
    boost::system::error_code ignored;
    asio::local::datagram_protocol::socket socket(context);
    socket.open(asio::local::datagram_protocol(), ignored);
    socket.send_to(asio::buffer(state), asio::local::datagram_protocol::endpoint(address), 0, ignored);
}

} // namespace proxy
