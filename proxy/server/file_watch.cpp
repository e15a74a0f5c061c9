#include "proxy/server/file_watch.h"

#include "proxy/report/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>

#include <array>
#include <cerrno>
#include <set>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <system_error>

namespace proxy {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr auto events =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;

// A certificate and its key are replaced one after the other.
constexpr std::chrono::milliseconds settling_time{250};

std::string describe(const fs::path& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        return "absent";
    }
    return std::to_string(status.st_ino) + ' ' + std::to_string(status.st_size) + ' ' +
           std::to_string(status.st_mtim.tv_sec) + '.' + std::to_string(status.st_mtim.tv_nsec) + ' ' +
           std::to_string(status.st_mode);
}

} // namespace

FileWatch::FileWatch(const asio::any_io_executor& executor) : inotify_(executor), settling_(executor) {
    Descriptor descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (descriptor.get() < 0) {
        log::warn("files are not watched",
                  {{"error", std::generic_category().message(errno)},
                   {"hint", "SIGHUP reloads; fs.inotify.max_user_instances is how many may watch at a time."}});
        return;
    }
    inotify_.assign(descriptor.get());
    descriptor.release();
}

void FileWatch::watch(const std::vector<fs::path>& paths) {
    if (!inotify_.is_open()) {
        return;
    }
    for (const int watch : watches_) {
        inotify_rm_watch(inotify_.native_handle(), watch);
    }
    watches_.clear();
    stamps_.clear();
    std::set<fs::path> directories;
    for (const fs::path& path : paths) {
        stamps_[path] = stamp_of(path);
        std::error_code error;
        directories.insert(fs::is_directory(path, error) ? path : fs::absolute(path).parent_path());
    }
    for (const fs::path& directory : directories) {
        watches_.push_back(inotify_add_watch(inotify_.native_handle(), directory.c_str(), events));
    }
}

FileWatch::Stamp FileWatch::stamp_of(const fs::path& path) {
    Stamp stamp = describe(path);
    std::error_code error;
    if (fs::is_directory(path, error)) {
        std::set<std::string> entries;
        for (const auto& entry : fs::directory_iterator(path, error)) {
            entries.insert(entry.path().filename().string() + ' ' + describe(entry.path()));
        }
        for (const std::string& entry : entries) {
            stamp += '\n' + entry;
        }
    }
    return stamp;
}

bool FileWatch::has_changed() {
    bool changed = false;
    for (auto& [path, stamp] : stamps_) {
        Stamp now = stamp_of(path);
        changed = changed || now != stamp;
        stamp = std::move(now);
    }
    return changed;
}

Awaitable<void> FileWatch::run(std::function<void()> on_change) {
    alignas(inotify_event) std::array<char, 4096> notes; // NOLINT(cppcoreguidelines-pro-type-member-init): thrown away
    for (;;) {
        auto read = inotify_.async_read_some(asio::buffer(notes), asio::as_tuple(asio::deferred));
        const auto [error, size] = co_await std::move(read);
        if (error) {
            co_return;
        }
        settling_.expires_after(settling_time);
        auto settled = settling_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(settled);
        if (inotify_.is_open() && has_changed()) {
            on_change();
        }
    }
}

void FileWatch::close() {
    boost::system::error_code ignored;
    inotify_.close(ignored);
    settling_.cancel();
}

} // namespace proxy
