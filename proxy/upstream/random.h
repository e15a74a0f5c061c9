#pragma once

#include <random>

namespace proxy {

/// For choices that must differ, and may be guessed.
inline std::minstd_rand& random_generator() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return generator;
}

} // namespace proxy
