#include "config/toml_entry.h"

#include "config/nearest.h"

#include <algorithm>

namespace config {
namespace {

std::string describe(toml::node_type type) {
    switch (type) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a float";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
    }
}

std::string unknown_key(std::string_view key, const std::string& table, const std::vector<Entry::Key>& keys) {
    std::vector<std::string_view> names;
    std::string list;
    for (const Entry::Key& known : keys) {
        names.push_back(known.name);
        list.append(list.empty() ? "" : ", ").append(known.name);
    }
    const std::string guess = did_you_mean(key, names);
    return "unknown key " + in_quotes(key) + (table.empty() ? "" : " in [" + table + "]") +
           (guess.empty() ? "; the keys here are " + list : guess);
}

} // namespace

std::string place_of(const toml::source_region& source) {
    return *source.path + ':' + std::to_string(source.begin.line) + ':' + std::to_string(source.begin.column);
}

const std::string& Entry::text(const std::string& expected) const {
    if (!node_.is_string()) {
        fail_type(expected);
    }
    return node_.as_string()->get();
}

unsigned Entry::integer(unsigned min, unsigned max) const {
    if (!node_.is_integer()) {
        fail_type("an integer");
    }
    const std::int64_t value = node_.as_integer()->get();
    if (value < min || value > max) {
        throw Error(where(), std::to_string(value) + " is out of range; it can be " + std::to_string(min) + " to " +
                                 std::to_string(max));
    }
    return static_cast<unsigned>(value);
}

bool Entry::boolean() const {
    if (!node_.is_boolean()) {
        fail_type("a boolean");
    }
    return node_.as_boolean()->get();
}

std::vector<Entry> Entry::elements(const std::string& expected) const {
    if (!node_.is_array()) {
        fail_type(expected);
    }
    std::vector<Entry> elements;
    for (const toml::node& element : *node_.as_array()) {
        elements.emplace_back(name_, element);
    }
    return elements;
}

void Entry::read(const std::vector<Key>& keys) const {
    if (!node_.is_table()) {
        fail_type("a table");
    }
    for (auto&& [key, value] : *node_.as_table()) {
        const std::string name(key.str());
        const auto known = std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == name; });
        if (known == keys.end()) {
            throw Error(place_of(key.source()), unknown_key(name, name_, keys));
        }
        known->read(Entry(name_.empty() ? name : name_ + '.' + name, value));
    }
}

void Entry::fail_type(const std::string& expected) const {
    throw Error(where(), "expected " + expected + ", found " + describe(node_.type()));
}

} // namespace config
