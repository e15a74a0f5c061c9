#pragma once

#include "config/settings.h"

#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <chrono>
#include <cstdint>
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

/// To be called before anything is logged, and whenever the settings have changed.
void setup(const config::Log& settings);

/// Writes an event `repeated` for each kind of warning of which some were held back, `times` telling how many, if
/// their window is over at `now`, and tells how many lines found no room on standard error. To be called now and then,
/// and with time_point::max() at the end.
void sum_up(std::chrono::steady_clock::time_point now);

/// How many lines found no room on standard error since the start.
std::uint64_t lines_lost();

/// Writes `event` with its fields. Empty strings and nulls are left out. Of warnings and errors that have a `reason` or
/// an `address`, and have it and listener and upstream in common, only max_repeats are written within 10 s.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

} // namespace proxy::log
