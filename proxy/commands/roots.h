#pragma once

#include <string>

/// The `roots` subcommand: the built-in trust anchors, on standard output.
namespace proxy {

/// Name, subject, expiry and SHA-256 fingerprint of each.
void list_roots();

/// One of them as PEM, under a comment that says what it is. Throws config::Error if there is none of that name.
void show_root(const std::string& name);

/// All of them as PEM to a file, or to standard output for "-". Throws std::runtime_error.
void export_roots(const std::string& file);

} // namespace proxy
