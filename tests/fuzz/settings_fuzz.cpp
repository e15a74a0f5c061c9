#include "config/error.h"
#include "config/load.h"
#include "config/print.h"
#include "tests/fuzz/fuzz.h"

#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace {

/// A file in memory, since settings are read from a file.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
        fuzz::require(write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
                      "there is memory for a file");
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { close(descriptor_); }

    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

/// Some messages have two lines.
bool is_harmless(std::string text) {
    std::erase(text, '\n');
    return fuzz::is_printable(text);
}

config::Loaded load(std::string_view toml) {
    const MemoryFile file(toml);
    return config::load({.config = file.path()}, [](const char*) { return std::nullopt; });
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    config::Loaded loaded;
    try {
        loaded = load(fuzz::as_text({data, size}));
    } catch (const config::Error& error) {
        fuzz::require(is_harmless(error.what()), "a message drives no terminal");
        return 0;
    }
    for (const std::string& notice : loaded.notices) {
        fuzz::require(is_harmless(notice), "a notice drives no terminal");
    }
    for (config::Listener& listener : loaded.settings.listeners) {
        listener.upstream.sslpassword.clear(); // never printed
    }
    const std::string printed = config::to_toml(loaded.settings);
    fuzz::require(load(printed).settings == loaded.settings, "what is printed loads back to the same settings");
    return 0;
}
