#include "config/file_listener.h"

#include "config/access.h"
#include "config/address.h"
#include "config/keywords.h"

#include <algorithm>

namespace config {
namespace {

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

Account read_account(const Entry& entry, Account (*find)(const std::string& name)) {
    const bool is_number = entry.node().is_integer();
    const std::string name =
        is_number ? std::to_string(entry.node().as_integer()->get()) : entry.text("a name or a number");
    return at(entry.where(), [&] { return find(name); });
}

std::vector<Account> read_users(const Entry& entry) {
    std::vector<Account> users;
    for (const Entry& element : entry.elements("an array of users")) {
        users.push_back(read_account(element, find_user));
    }
    if (users.empty()) {
        throw Error(entry.where(), "nobody could connect; name the users, or leave it out to let in all");
    }
    return users;
}

ListenerDraft read_listener(const Entry& entry) {
    ListenerDraft listener;
    Access& access = listener.access;
    entry.read({
        {"name", [&](const Entry& name) { listener.name = read_name(name); }},
        {"address", [&](const Entry& address) { listener.addresses = read_addresses(address); }},
        {"upstream", [&](const Entry& upstream) { listener.upstream = read_upstream(upstream); }},
        {"user_suffix", [&](const Entry& suffix) { listener.user_suffix = read_user_suffix(suffix); }},
        {"max_connections", [&](const Entry& max) { listener.max_connections = max.integer(1, most_connections); }},
        {"allow_remote_clients", [&](const Entry& allow) { access.allow_remote_clients = allow.boolean(); }},
        {"allow_users", [&](const Entry& users) { access.allow_users = read_users(users); }},
        {"unix_socket_permissions",
         [&](const Entry& mode) {
             access.unix_socket_permissions = mode.parse(parse_permissions, "an octal number in quotes, \"0660\"");
         }},
        {"unix_socket_owner", [&](const Entry& owner) { access.unix_socket_owner = read_account(owner, find_user); }},
        {"unix_socket_group", [&](const Entry& group) { access.unix_socket_group = read_account(group, find_group); }},
    });
    listener.place = entry.place() + ": listener " + in_quotes(listener.name);
    return listener;
}

} // namespace

std::vector<ListenerDraft> read_listeners(const Entry& entry) {
    std::vector<ListenerDraft> listeners;
    for (const Entry& element : entry.elements("[[listener]], with two brackets")) {
        ListenerDraft listener = read_listener(element);
        for (const ListenerDraft& other : listeners) {
            if (other.name == listener.name) {
                throw Error(listener.place, "the name is taken already (" + other.place + "); give each its own");
            }
        }
        listeners.push_back(std::move(listener));
    }
    return listeners;
}

} // namespace config
