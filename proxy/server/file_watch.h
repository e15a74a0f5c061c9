#pragma once

#include "proxy/socket.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace proxy {

/// Tells when files have changed. It watches the directories that they are in, because Kubernetes swaps a symbolic link
/// there, and editors replace the file. Where the system gives no means to watch, it warns and never tells of a change.
class FileWatch {
public:
    explicit FileWatch(const boost::asio::any_io_executor& executor);

    /// Watches `paths`, files or directories, in place of those before. What does not exist may come into being.
    void watch(const std::vector<std::filesystem::path>& paths);

    /// Calls `on_change` once things have settled after a change of one of the paths. Runs until close().
    Awaitable<void> run(std::function<void()> on_change);

    void close();

private:
    /// What tells one state of a file from another; for a directory, of all that is in it.
    using Stamp = std::string;

    static Stamp stamp_of(const std::filesystem::path& path);
    bool has_changed();

    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer settling_;
    std::vector<int> watches_;
    std::map<std::filesystem::path, Stamp> stamps_;
};

} // namespace proxy
