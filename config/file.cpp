#include "config/file.h"

#include "config/address.h"
#include "config/duration.h"
#include "config/keywords.h"
#include "config/names.h"
#include "config/toml_entry.h"

#include <algorithm>
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
        throw Error(place_of(error.source()), std::string(error.description()));
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
    });
}

void read_log(const Entry& entry, Log& log) {
    entry.read({
        {"level", [&](const Entry& level) { log.level = level.parse(parse_log_level); }},
        {"format", [&](const Entry& format) { log.format = format.parse(parse_log_format); }},
    });
}

void read_limits(const Entry& entry, Limits& limits) {
    entry.read({
        {"max_connections", [&](const Entry& max) { limits.max_connections = max.integer(1, 1'000'000); }},
        {"startup_timeout", [&](const Entry& timeout) { limits.startup_timeout = read_positive_duration(timeout); }},
        {"drain_timeout", [&](const Entry& timeout) { limits.drain_timeout = read_duration(timeout); }},
        {"half_close_timeout", [&](const Entry& timeout) { limits.half_close_timeout = read_duration(timeout); }},
        {"warm_connections",
         [&](const Entry& warm) { limits.warm_connections = warm.integer(0, Limits::max_warm_connections); }},
        {"workers", [&](const Entry& workers) { limits.workers = workers.integer(0, 1024); }},
    });
}

std::string read_name(const Entry& entry) {
    const std::string& name = entry.text();
    const auto is_control = [](unsigned char byte) { return byte < ' ' || byte == 0x7f; };
    if (name.empty() || std::any_of(name.begin(), name.end(), is_control)) {
        throw Error(entry.where(), in_quotes(name) + " is no name; give one to print, such as \"main\"");
    }
    return name;
}

std::vector<PlacedAddress> read_addresses(const Entry& entry) {
    const std::string expected = "an address or an array of them";
    if (entry.node().is_string()) {
        return {{entry.parse(parse_address), entry.where()}};
    }
    std::vector<PlacedAddress> addresses;
    for (const Entry& element : entry.elements(expected)) {
        addresses.push_back({element.parse(parse_address), element.where()});
    }
    if (addresses.empty()) {
        throw Error(entry.where(), "expected " + expected + ", found an empty array");
    }
    return addresses;
}

/// Numbers and booleans where libpq has numbers and switches; a string is always right.
std::string read_value(const Entry& entry, ValueType type) {
    if (type == ValueType::boolean && entry.node().is_boolean()) {
        return entry.node().as_boolean()->get() ? "1" : "0";
    }
    if (type != ValueType::text && entry.node().is_integer()) {
        return std::to_string(entry.node().as_integer()->get());
    }
    constexpr const char* expected[] = {"a string", "an integer", "a boolean"};
    return entry.text(expected[static_cast<std::size_t>(type)]);
}

std::vector<Parameter> read_upstream(const Entry& entry) {
    if (entry.node().is_string()) {
        return parse_conninfo(entry.text(), entry.place());
    }
    if (!entry.node().is_table()) {
        entry.fail_type("a table or a conninfo string");
    }
    std::vector<Parameter> parameters;
    for (auto&& [key, node] : *entry.node().as_table()) {
        const std::string name(key.str());
        const Keyword keyword = at(place_of(key.source()), [&] { return find_keyword(name); });
        const Entry value("upstream." + name, node);
        parameters.push_back({name, read_value(value, keyword.type), value.place()});
    }
    return parameters;
}

std::string read_user_suffix(const Entry& entry) {
    const std::string& suffix = entry.text();
    if (!suffix.starts_with('@')) {
        throw Error(entry.where(),
                    in_quotes(suffix) + " does not begin with @; for Azure it is \"@\" and the server's name");
    }
    return suffix;
}

ListenerDraft read_listener(const Entry& entry) {
    ListenerDraft listener;
    entry.read({
        {"name", [&](const Entry& name) { listener.name = read_name(name); }},
        {"address", [&](const Entry& address) { listener.addresses = read_addresses(address); }},
        {"upstream", [&](const Entry& upstream) { listener.upstream = read_upstream(upstream); }},
        {"user_suffix", [&](const Entry& suffix) { listener.user_suffix = read_user_suffix(suffix); }},
    });
    listener.place = entry.place() + ": listener " + in_quotes(listener.name);
    return listener;
}

void read_listeners(const Entry& entry, std::vector<ListenerDraft>& listeners) {
    for (const Entry& element : entry.elements("[[listener]], with two brackets")) {
        ListenerDraft listener = read_listener(element);
        for (const ListenerDraft& other : listeners) {
            if (other.name == listener.name) {
                throw Error(listener.place, "the name is taken already (" + other.place + "); give each its own");
            }
        }
        listeners.push_back(std::move(listener));
    }
}

} // namespace

Draft read_file(const std::filesystem::path& path, const std::string& place) {
    const toml::table root = parse_toml(at(place, [&] { return read_text(path); }), path.string());
    Draft draft;
    Entry("", root).read({
        {"admin", [&](const Entry& admin) { read_admin(admin, draft); }},
        {"log", [&](const Entry& log) { read_log(log, draft.log); }},
        {"limits", [&](const Entry& limits) { read_limits(limits, draft.limits); }},
        {"listener", [&](const Entry& listeners) { read_listeners(listeners, draft.listeners); }},
    });
    return draft;
}

} // namespace config
