#!/usr/bin/env bash
# Every parser under libFuzzer with the address and undefined-behaviour sanitizers.
#
#   bash tests/fuzz/run.sh [seconds]     for each target, default 60; as many at a time as there are processors
#
# What it learns stays in build/fuzz/corpus, findings in build/fuzz/findings. A finding that was mended belongs into
# tests/fuzz/corpus, which every test run replays.
set -euo pipefail

seconds=${1:-60}
cd "$(dirname "$0")/../.."
source docker/packages.sh
install_packages "${build_packages[@]}" clang-16 libclang-rt-16-dev

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

cmake --preset fuzz
cmake --build --preset fuzz
findings=build/fuzz/findings
mkdir -p "$findings"

fuzz() { # corpus
    local target learned
    target=$(basename "$1")
    learned=build/fuzz/corpus/$target
    mkdir -p "$learned"
    if "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix="$findings/$target-" "$learned" "$1" &>"build/fuzz/$target.log"; then
        printf '%-16s %s runs\n' "$target" "$(sed -n 's/stat::number_of_executed_units: //p' "build/fuzz/$target.log")"
    else
        printf '%-16s FAILED, see build/fuzz/%s.log\n' "$target" "$target"
        return 1
    fi
}
export -f fuzz
export seconds findings

printf '%s\0' tests/fuzz/corpus/* | xargs --null --max-args=1 --max-procs="$(nproc)" bash -c 'fuzz "$0"'
echo "no findings"
