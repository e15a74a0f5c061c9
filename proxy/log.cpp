#include "proxy/log.h"

#include <boost/json/serialize.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>
#include <string>

namespace proxy::log {
namespace {

struct Log {
    std::shared_ptr<spdlog::logger> logger =
        std::make_shared<spdlog::logger>("pg-tls-proxy", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    std::atomic<bool> json = false; // a reload may change it
};

Log& instance() {
    static Log log;
    return log;
}

bool is_empty(const boost::json::value& value) {
    return value.is_null() || (value.is_string() && value.get_string().empty());
}

/// A word goes bare into a text line; anything else is quoted, with what a terminal would act on escaped.
std::string to_text(const boost::json::value& value) {
    const std::string serialized = boost::json::serialize(value);
    const bool bare = value.is_string() && serialized.find_first_of(" =\\") == std::string::npos;
    return bare ? serialized.substr(1, serialized.size() - 2) : serialized;
}

/// As in the configuration.
std::string_view name_of(spdlog::level::level_enum level) {
    switch (level) {
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
    }
}

void write(spdlog::level::level_enum level, std::string_view event, Fields fields) {
    const Log& log = instance();
    if (!log.logger->should_log(level)) {
        return;
    }
    std::string line;
    if (log.json) {
        line.append("\"level\":\"").append(name_of(level)).append("\",\"event\":");
        line.append(boost::json::serialize(boost::json::value(event)));
    } else {
        line.append(name_of(level)).append(" ").append(event);
    }
    for (const Field& field : fields) {
        if (is_empty(field.value)) {
            continue;
        }
        if (log.json) {
            line.append(",\"").append(field.name).append("\":").append(boost::json::serialize(field.value));
        } else {
            line.append(" ").append(field.name).append("=").append(to_text(field.value));
        }
    }
    log.logger->log(level, line);
}

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
    switch (level) {
    case config::LogLevel::debug: return spdlog::level::debug;
    case config::LogLevel::info: return spdlog::level::info;
    case config::LogLevel::warn: return spdlog::level::warn;
    case config::LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

} // namespace

void setup(const config::Log& settings) {
    Log& log = instance();
    log.json = settings.format == config::LogFormat::json;
    const char* pattern = log.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v";
    log.logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
    log.logger->set_level(to_spdlog(settings.level));
    log.logger->flush_on(spdlog::level::debug);
}

void debug(std::string_view event, Fields fields) {
    write(spdlog::level::debug, event, fields);
}

void info(std::string_view event, Fields fields) {
    write(spdlog::level::info, event, fields);
}

void warn(std::string_view event, Fields fields) {
    write(spdlog::level::warn, event, fields);
}

void error(std::string_view event, Fields fields) {
    write(spdlog::level::err, event, fields);
}

} // namespace proxy::log
