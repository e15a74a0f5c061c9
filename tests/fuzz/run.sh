#!/usr/bin/env bash
# Every parser under libFuzzer with the address and undefined-behaviour sanitizers.
#
#   bash tests/fuzz/run.sh [seconds]     for each target, default 60
#
# What it learns stays in build/fuzz/corpus, findings in build/fuzz/findings. A finding that was mended belongs into
# tests/fuzz/corpus, which every test run replays.
set -euo pipefail

seconds=${1:-60}
cd "$(dirname "$0")/../.."
source docker/packages.sh
install_packages "${build_packages[@]}" clang-16

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

cmake --preset fuzz
cmake --build --preset fuzz
findings=build/fuzz/findings
mkdir -p "$findings"

failed=()
for seeds in tests/fuzz/corpus/*; do
    target=$(basename "$seeds")
    learned=build/fuzz/corpus/$target
    mkdir -p "$learned"
    printf '\n==> %s\n' "$target"
    "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="$findings/$target-" "$learned" "$seeds" || failed+=("$target")
done

if [ ${#failed[@]} != 0 ]; then
    printf '\nFAILED  %s\n' "${failed[@]}"
    exit 1
fi
printf '\nno findings\n'
