#pragma once

#include "tls/error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace tls::test {

/// The message of the tls::Error that `action` throws, or "no error".
template <typename Action>
std::string error_of(const Action& action) {
    try {
        static_cast<void>(action());
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

/// A folder of its own, for as long as this lives.
class Folder {
public:
    Folder() {
        std::string name = testing::TempDir() + "tls_test.XXXXXX";
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    std::string path() const { return path_.string(); }
    std::string path(const std::string& name) const { return (path_ / name).string(); }

    /// Makes a file that only its owner can read, and returns its path.
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        std::filesystem::permissions(path(name), std::filesystem::perms(0600));
        return path(name);
    }

private:
    std::filesystem::path path_;
};

/// An environment variable, for as long as this lives.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { unsetenv(name_); }

private:
    const char* name_;
};

} // namespace tls::test
