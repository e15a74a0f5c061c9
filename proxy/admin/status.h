#pragma once

#include "proxy/listening/listeners.h"
#include "proxy/report/failure_history.h"

#include <boost/json/object.hpp>

#include <chrono>
#include <string>

namespace proxy {

/// What /status.json says: listeners, their upstreams with chain and TLS state, sessions, bytes, failures.
boost::json::object describe_status(const Listeners& listeners, bool serving,
                                    std::chrono::system_clock::time_point now);

/// The same for people: an HTML page that needs nothing but itself. Everything in it is escaped.
std::string to_html(const boost::json::object& status);

} // namespace proxy
