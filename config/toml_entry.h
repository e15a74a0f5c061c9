#pragma once

#include "config/error.h"

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Reading toml++'s tree so that every error names its place. The only header here that shows toml++.
namespace config {

/// `file:line:column`
std::string place_of(const toml::source_region& source);

/// A value of the file together with its dotted name.
class Entry {
public:
    struct Key {
        std::string_view name;
        std::function<void(const Entry& value)> read;
    };

    Entry(std::string name, const toml::node& node) : name_(std::move(name)), node_(node) {}

    const toml::node& node() const { return node_; }

    std::string place() const { return place_of(node_.source()); }

    /// The beginning of an error message about the value.
    std::string where() const { return name_.empty() ? place() : place() + ": " + name_; }

    /// Throws Error for a value of any other type; `expected` says which would be right.
    const std::string& text(const std::string& expected = "a string") const;

    /// Throws Error for a value of any other type or out of range.
    unsigned integer(unsigned min, unsigned max) const;

    /// Throws Error for a value of any other type.
    bool boolean() const;

    /// What `parse` makes of the text; its Error gets the place.
    template <typename Parse>
    auto parse(const Parse& parse_text, const std::string& expected = "a string") const {
        const std::string& value = text(expected);
        return at(where(), [&] { return parse_text(value); });
    }

    /// The elements of an array. Throws Error for any other type; `expected` says which would be right.
    std::vector<Entry> elements(const std::string& expected) const;

    /// Has every member of the table read by the key of its name. Throws Error, with the nearest key, for a member
    /// that has none.
    void read(const std::vector<Key>& keys) const;

    [[noreturn]] void fail_type(const std::string& expected) const;

private:
    std::string name_;
    const toml::node& node_;
};

} // namespace config
