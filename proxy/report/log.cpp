#include "proxy/report/log.h"

#include "proxy/report/repeats.h"
#include "proxy/report/stderr_sink.h"

#include <boost/json/serialize.hpp>
#include <spdlog/logger.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace proxy::log {
namespace {

constexpr std::chrono::seconds repeats_window{10};

struct Log {
    std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
    std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>("pg-tls-proxy", sink);
    std::atomic<bool> json = false; // a reload may change it
    std::mutex mutex;
    std::atomic<std::uint64_t> lost_told = 0;
    Repeats repeats{0, repeats_window}; // guarded by mutex
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

std::string render(spdlog::level::level_enum level, std::string_view event, std::span<const Field> fields) {
    const bool json = instance().json;
    std::string line;
    if (json) {
        line.append("\"level\":\"").append(name_of(level)).append("\",\"event\":");
        line.append(boost::json::serialize(boost::json::value(event)));
    } else {
        line.append(name_of(level)).append(" ").append(event);
    }
    for (const Field& field : fields) {
        if (is_empty(field.value)) {
            continue;
        }
        if (json) {
            line.append(",\"").append(field.name).append("\":").append(boost::json::serialize(field.value));
        } else {
            line.append(" ").append(field.name).append("=").append(to_text(field.value));
        }
    }
    return line;
}

/// What makes two warnings the same, as the line that sums them up begins; empty for one that is always told. It has
/// only what comes from fixed sets, so that strangers cannot make up identities.
std::string identity_of(spdlog::level::level_enum level, std::string_view event, std::span<const Field> fields) {
    std::vector<Field> same = {{"of", event}};
    bool repeatable = false;
    for (const Field& field : fields) {
        const bool why = field.name == "reason" || field.name == "address";
        if (why || field.name == "listener" || field.name == "upstream") {
            same.push_back(field);
        }
        repeatable = repeatable || why;
    }
    return repeatable ? render(level, "repeated", same) : std::string();
}

void write(spdlog::level::level_enum level, std::string_view event, Fields fields) {
    Log& log = instance();
    if (!log.logger->should_log(level)) {
        return;
    }
    if (level >= spdlog::level::warn) {
        const std::string identity = identity_of(level, event, fields);
        const std::lock_guard lock(log.mutex);
        if (!identity.empty() && !log.repeats.allows(identity, Repeats::Clock::now())) {
            return;
        }
    }
    log.logger->log(level, render(level, event, fields));
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
    sum_up(Repeats::Clock::time_point::max()); // in the format of before
    log.json = settings.format == config::LogFormat::json;
    const char* pattern = log.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v";
    log.logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
    log.logger->set_level(to_spdlog(settings.level));
    const std::lock_guard lock(log.mutex);
    log.repeats.set_limit(settings.max_repeats);
}

void sum_up(std::chrono::steady_clock::time_point now) {
    Log& log = instance();
    if (const std::uint64_t lost = log.sink->lost(); log.lost_told.exchange(lost) != lost) {
        const Fields fields = {{"since_start", lost}};
        log.logger->log(spdlog::level::critical, render(spdlog::level::warn, "log lines lost", fields));
    }
    const std::lock_guard lock(log.mutex);
    for (const auto& [identity, times] : log.repeats.take_ended(now)) {
        std::string line = identity;
        line.append(log.json ? ",\"times\":" : " times=").append(std::to_string(times));
        log.logger->log(spdlog::level::critical, line); // what it sums up has passed the level
    }
}

std::uint64_t lines_lost() {
    return instance().sink->lost();
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
