#include "proxy/report/process_metrics.h"

#include <prometheus/metric_family.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace proxy {
namespace {

prometheus::MetricFamily single(const char* name, const char* help, prometheus::MetricType type, double value) {
    prometheus::ClientMetric metric;
    if (type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    return {name, help, type, {metric}};
}

/// The fields of /proc/self/stat behind the command name, numbered as in proc(5): the first of them is number 3. None
/// where the file cannot be opened.
std::vector<double> read_stat() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == line.npos) {
        return {};
    }
    std::istringstream fields(line.substr(name_end + 4));
    return {std::istream_iterator<double>(fields), {}};
}

double boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;) {
        if (word == "btime") {
            double seconds = 0;
            file >> seconds;
            return seconds;
        }
    }
    return 0;
}

double count_descriptors() {
    std::error_code error;
    const std::filesystem::directory_iterator entries("/proc/self/fd", error);
    return static_cast<double>(std::distance(begin(entries), end(entries)));
}

double max_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                           : static_cast<double>(limit.rlim_cur);
}

} // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
    using enum prometheus::MetricType;
    constexpr std::size_t first = 4; // read_stat() leaves out pid, command and state
    const std::vector<double> stat = read_stat();
    if (stat.size() <= 24 - first) {
        return {};
    }
    const auto field = [&](std::size_t number) { return stat[number - first]; };
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    return {
        single("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", Counter,
               (field(14) + field(15)) / ticks),
        single("process_open_fds", "Number of open file descriptors.", Gauge, count_descriptors()),
        single("process_max_fds", "Maximum number of open file descriptors.", Gauge, max_descriptors()),
        single("process_virtual_memory_bytes", "Virtual memory size in bytes.", Gauge, field(23)),
        single("process_resident_memory_bytes", "Resident memory size in bytes.", Gauge, field(24) * page),
        single("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", Gauge,
               boot_time() + field(22) / ticks),
        single("process_threads", "Number of OS threads in the process.", Gauge, field(20)),
    };
}

} // namespace proxy
