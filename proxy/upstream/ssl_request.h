#pragma once

#include "proxy/report/failure.h"
#include "proxy/socket.h"

#include <optional>
#include <string>

namespace proxy {

/// Sends the SSLRequest, the only thing that ever leaves in clear, and reads the answer. `where` names the server.
/// Nothing if that is 'S'; fails with tls_refused or tls_protocol.
Awaitable<std::optional<Failure>> request_ssl(TcpSocket& socket, std::string where);

} // namespace proxy
