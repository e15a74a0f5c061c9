#include "config/file.h"

#include "config/address.h"
#include "config/duration.h"
#include "config/file_listener.h"
#include "config/names.h"
#include "config/toml_entry.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace config {
namespace {

using std::chrono::milliseconds;

std::string read_text(const std::filesystem::path& path) {
    const std::string problem = "cannot read " + in_quotes(path.string()) + ": ";
    std::error_code not_there;
    if (std::filesystem::is_directory(path, not_there)) {
        throw Error(problem + "it is a directory");
    }
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || (text << file.rdbuf()).bad()) {
        throw Error(problem + std::strerror(errno));
    }
    return text.str();
}

toml::table parse_toml(const std::string& text, const std::string& path) {
    try {
        return toml::parse(text, path);
    } catch (const toml::parse_error& error) {
        throw Error(place_of(error.source()), escape_controls(error.description()));
    }
}

milliseconds read_duration(const Entry& entry) {
    return entry.parse(parse_duration, "a duration such as \"10s\"");
}

milliseconds read_positive_duration(const Entry& entry) {
    const milliseconds duration = read_duration(entry);
    if (duration == milliseconds(0)) {
        throw Error(entry.where(), "0 leaves no time at all; give a duration such as \"10s\"");
    }
    return duration;
}

void read_admin(const Entry& entry, Draft& draft) {
    entry.read({
        {"listen",
         [&](const Entry& listen) {
             draft.admin.listen = listen.parse(parse_admin_address);
             draft.admin_place = listen.where();
         }},
        {"ready_probe", [&](const Entry& probe) { draft.admin.ready_probe = read_duration(probe); }},
        {"quitquitquit", [&](const Entry& quit) { draft.admin.quitquitquit = quit.boolean(); }},
    });
}

void read_log(const Entry& entry, Log& log) {
    entry.read({
        {"level", [&](const Entry& level) { log.level = level.parse(parse_log_level); }},
        {"format", [&](const Entry& format) { log.format = format.parse(parse_log_format); }},
        {"max_repeats", [&](const Entry& max) { log.max_repeats = max.integer(0, 1'000'000); }},
    });
}

void read_limits(const Entry& entry, Limits& limits) {
    entry.read({
        {"max_connections", [&](const Entry& max) { limits.max_connections = max.integer(1, most_connections); }},
        {"startup_timeout", [&](const Entry& timeout) { limits.startup_timeout = read_positive_duration(timeout); }},
        {"drain_delay", [&](const Entry& delay) { limits.drain_delay = read_duration(delay); }},
        {"drain_timeout", [&](const Entry& timeout) { limits.drain_timeout = read_duration(timeout); }},
        {"idle_timeout", [&](const Entry& timeout) { limits.idle_timeout = read_duration(timeout); }},
        {"half_close_timeout", [&](const Entry& timeout) { limits.half_close_timeout = read_duration(timeout); }},
        {"warm_connections",
         [&](const Entry& warm) { limits.warm_connections = warm.integer(0, Limits::max_warm_connections); }},
        {"workers", [&](const Entry& workers) { limits.workers = workers.integer(0, 1024); }},
    });
}

} // namespace

Draft read_file(const std::filesystem::path& path, const std::string& place) {
    const toml::table root = parse_toml(at(place, [&] { return read_text(path); }), path.string());
    Draft draft;
    Entry("", root).read({
        {"admin", [&](const Entry& admin) { read_admin(admin, draft); }},
        {"log", [&](const Entry& log) { read_log(log, draft.log); }},
        {"limits", [&](const Entry& limits) { read_limits(limits, draft.limits); }},
        {"listener", [&](const Entry& listeners) { draft.listeners = read_listeners(listeners); }},
    });
    return draft;
}

} // namespace config
