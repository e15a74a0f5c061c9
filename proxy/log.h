#pragma once

#include "config/settings.h"

#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <initializer_list>
#include <string_view>

/// The log: one line an event on standard error, for people or as JSON.
namespace proxy::log {

struct Field {
    /// `from`: a number, a boolean or a string.
    template <typename T>
    Field(std::string_view field_name, const T& from) : name(field_name), value(boost::json::value_from(from)) {}

    std::string_view name;
    boost::json::value value;
};

using Fields = std::initializer_list<Field>;

/// To be called once, before anything is logged.
void setup(const config::Log& settings);

/// Writes `event` with its fields. Empty strings and nulls are left out.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

} // namespace proxy::log
