#pragma once

#include "config/load.h"

#include <boost/json/object.hpp>

#include <string>

namespace proxy {

struct CheckOptions {
    bool json = false;
    /// Also send a StartupMessage in clear, to see whether the server refuses it. Nothing else in this program does.
    bool probe_enforcement = false;
};

/// The `check` subcommand: a real connect to each upstream, explained on standard output.
/// Returns whether an app would get through to all of them. Throws config::Error and tls::Error.
bool run_check(const config::Overrides& flags, const CheckOptions& options);

/// What is known about one upstream after trying, as a document.
boost::json::object examine(const config::Listener& listener, bool probe_enforcement);

/// The same document for people.
std::string to_text(const boost::json::object& report);

} // namespace proxy
