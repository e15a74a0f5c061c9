#!/usr/bin/env bash
# clang-format, clang-tidy and cppcheck over all C++ of the project: no finding is the only pass.
#
#   bash tests/lint.sh [FILE.cpp]...     default: every file
set -euo pipefail

cd "$(dirname "$0")/.."
source docker/packages.sh
install_packages "${build_packages[@]}" libbenchmark-dev clang-16 clang-format clang-tidy-16 cppcheck

mapfile -t headers < <(git ls-files '*.h')
mapfile -t sources < <(if [ $# = 0 ]; then git ls-files '*.cpp'; else printf '%s\n' "$@"; fi)

echo "==> clang-format"
clang-format --dry-run --Werror "${headers[@]}" "${sources[@]}"

echo "==> cppcheck"
# What it does not know: that a coroutine returns with co_return and owns its parameters; a lambda in a static_assert.
cppcheck --quiet --std=c++20 --language=c++ --enable=warning,performance,portability --inline-suppr -I . \
    --library=googletest --suppress=missingInclude --suppress=missingReturn --suppress=passedByValue:tls/stream.cpp \
    --suppress=syntaxError:proxy/report/failure.cpp --error-exitcode=1 -j "$(nproc)" "${sources[@]}"

echo "==> clang-tidy"
# clang cannot read GCC's precompiled headers.
cmake --fresh -S . -B build/lint -G Ninja -DCMAKE_BUILD_TYPE=Debug -DPG_TLS_PROXY_BENCH=ON -DCMAKE_CXX_COMPILER=clang++-16 \
    -DCMAKE_CXX_FLAGS=-Wno-unknown-warning-option -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
printf '%s\0' "${sources[@]}" | xargs --null --max-args=1 --max-procs="$(nproc)" clang-tidy-16 --quiet -p build/lint
echo "clean"
