#pragma once

namespace proxy {

/// Parses the command line and runs what it asks for. Returns the exit code:
/// 0 done, 1 failed while running, 2 bad usage or configuration, and then nothing was opened.
int run_command_line(int argc, char** argv);

} // namespace proxy
