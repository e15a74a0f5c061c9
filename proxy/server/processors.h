#pragma once

#include <filesystem>

namespace proxy {

/// How many processors this process may keep busy: those it may run on, and no more than the CPU limit of its control
/// group or of one above it (`cpu.max` of cgroup v2, as Docker's --cpus and Kubernetes' limits set it), rounded up.
/// `own_groups` and `root` are where the kernel shows the groups.
unsigned available_processors(const std::filesystem::path& own_groups = "/proc/self/cgroup",
                              const std::filesystem::path& root = "/sys/fs/cgroup");

} // namespace proxy
