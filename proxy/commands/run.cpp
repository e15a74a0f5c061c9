#include "proxy/commands/run.h"

#include "config/environment.h"
#include "proxy/server/server.h"

#include <csignal>
#include <sys/resource.h>

namespace proxy {
namespace {

/// Two descriptors a session: the soft limit of 1024 that most systems start with would end at 500.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// The file that config::load() reads.
std::optional<std::filesystem::path> config_file(const config::Overrides& flags) {
    const auto variable = config::find_variable(config::process_environment, "PG_TLS_PROXY_CONFIG");
    return flags.config || !variable ? flags.config : std::optional<std::filesystem::path>(*variable);
}

} // namespace

void run_proxy(const config::Overrides& flags) {
    // A peer that went away is an error code, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    Server server([&flags] { return config::load(flags, config::process_environment); }, config_file(flags));
    server.run();
}

} // namespace proxy
