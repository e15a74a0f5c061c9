#pragma once

#include "config/conninfo.h"

#include <optional>

namespace config {

/// parse_conninfo() for what Azure's portal shows for other languages: JDBC, ADO.NET and "Web App", PHP (pg_connect,
/// PDO), Python, Ruby, Node, `psql "..."`. Nothing for any other text, libpq's own notations above all, but for the
/// two misprints of the portal: `host=NAME; dbname=...` and `sslmode='true'`.
/// A weaker sslmode becomes verify-full, with a notice: such a page shows what connects. What concerns the session
/// comes without its value. A CA that a Node `ssl` object names is not looked at.
/// Throws Error at `place` when a text of this kind is broken. No message and no notice shows a password.
std::optional<std::vector<Parameter>> parse_portal_string(std::string_view text, const std::string& place);

} // namespace config
