#pragma once

#include "config/environment.h"
#include "config/error.h"
#include "config/load.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace config::test {

/// The message of the config::Error that `action` throws, or "no error".
template <typename Action>
std::string error_of(const Action& action) {
    try {
        static_cast<void>(action());
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

/// An environment with these variables and no others.
inline Environment variables(std::map<std::string, std::string> values = {}) {
    return [values = std::move(values)](const char* name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

/// `proxy.toml` with that text, in a folder of its own for as long as this lives.
class TomlFile {
public:
    explicit TomlFile(const std::string& text) {
        std::string name = testing::TempDir() + "config_test.XXXXXX";
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        folder_ = name;
        std::ofstream(path()) << text;
    }
    TomlFile(const TomlFile&) = delete;
    TomlFile& operator=(const TomlFile&) = delete;
    ~TomlFile() { std::filesystem::remove_all(folder_); }

    std::filesystem::path path() const { return folder_ / "proxy.toml"; }

    /// The message without the folder, so that it begins with `proxy.toml:`.
    std::string strip(std::string message) const {
        const std::string folder = folder_.string() + '/';
        for (std::size_t at = message.find(folder); at != message.npos; at = message.find(folder)) {
            message.erase(at, folder.size());
        }
        return message;
    }

private:
    std::filesystem::path folder_;
};

inline Loaded load_toml(const std::string& text, Overrides flags = {}, const Environment& environment = variables()) {
    const TomlFile file(text);
    flags.config = file.path();
    return load(flags, environment);
}

inline std::string toml_error(const std::string& text, Overrides flags = {},
                              const Environment& environment = variables()) {
    const TomlFile file(text);
    flags.config = file.path();
    return file.strip(error_of([&] { return load(flags, environment); }));
}

} // namespace config::test
