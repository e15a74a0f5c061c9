#include "proxy/server/processors.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>

namespace proxy {
namespace {

/// Relative to the root of the cgroup v2 hierarchy, whose line is "0::/path"; empty if it is that root, or there is
/// none.
std::filesystem::path own_group(const std::filesystem::path& own_groups) {
    std::ifstream file(own_groups);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0::/")) {
            return line.substr(4);
        }
    }
    return {};
}

/// `available`, or less if the file "QUOTA PERIOD" says so; "max PERIOD" sets no limit.
double limited(double available, const std::filesystem::path& cpu_max) {
    std::ifstream file(cpu_max);
    double quota = 0;
    double period = 0;
    return file >> quota >> period && period > 0 ? std::min(available, quota / period) : available;
}

/// Those that this thread may run on.
unsigned allowed() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return static_cast<unsigned>(CPU_COUNT(&set));
    }
    return std::thread::hardware_concurrency(); // more than the set has room for
}

} // namespace

unsigned available_processors(const std::filesystem::path& own_groups, const std::filesystem::path& root) {
    double available = allowed();
    for (auto group = own_group(own_groups); !group.empty(); group = group.parent_path()) {
        available = limited(available, root / group / "cpu.max");
    }
    available = limited(available, root / "cpu.max"); // a container sees its own group as the root
    return std::max(1U, static_cast<unsigned>(std::ceil(available)));
}

} // namespace proxy
