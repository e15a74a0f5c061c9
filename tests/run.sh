#!/usr/bin/env bash
# Every test: end to end against the release build and under the sanitizers, units under ASan and UBSan.
#
#   bash tests/run.sh [release|asan-ubsan|tsan|containers]...     default: the first three
#
# `containers` builds the image, the demo and the Debian package, and runs them in a Docker engine of its own.
# Installs the Debian packages that are missing (root or sudo). Stops at the first failure.
set -euo pipefail

# The sanitizers of GCC 12 cannot live with the address randomization of newer kernels.
if [ -z "${ADDRESSES_FIXED-}" ] && setarch --addr-no-randomize true 2>/dev/null; then
    ADDRESSES_FIXED=yes exec setarch --addr-no-randomize bash "$0" "$@"
fi

cd "$(dirname "$0")/.."
source docker/packages.sh

# A finding of a sanitizer ends the program with a code of its own, which no test takes for success.
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:exitcode=99
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:exitcode=99
export PYTHONDONTWRITEBYTECODE=1

done_steps=()
current=
report() {
    local status=$?
    printf '\n'
    if [ ${#done_steps[@]} != 0 ]; then printf 'passed  %s\n' "${done_steps[@]}"; fi
    if [ "$status" != 0 ]; then printf 'FAILED  %s\n' "$current"; fi
}
trap report EXIT
trap 'exit 130' INT TERM

step() { # name, command...
    current=$1
    printf '\n==> %s\n' "$current"
    shift
    local start=$SECONDS
    "$@"
    done_steps+=("$current ($((SECONDS - start)) s)")
}

build() {
    cmake --preset "$1"
    cmake --build --preset "$1"
}

units() {
    ctest --preset "$1" --parallel "$(nproc)"
}

end_to_end() {
    local copy_megabytes=200 options=(--ignore-glob 'tests/e2e/test_container*.py')
    # A thousand verdicts are a thousand starts: too slow for sanitizers, which have seen that code in the units. A
    # soak's memory is flat without them.
    if [ "$1" != release ]; then
        copy_megabytes=40
        options+=(--ignore tests/e2e/test_trust_verdicts.py --ignore tests/e2e/test_soak.py
            --ignore-glob 'tests/e2e/test_deployment_*.py' --ignore tests/e2e/test_prometheus.py)
    fi
    # Commands that end after one connect have no threads to race.
    if [ "$1" = tsan ]; then
        options+=(--ignore-glob 'tests/e2e/test_trust_*.py' --ignore tests/e2e/test_check.py
            --ignore tests/e2e/test_config.py)
    fi
    PG_TLS_PROXY="$PWD/build/$1/pg-tls-proxy" COPY_MEGABYTES=$copy_megabytes \
        /usr/bin/python3 -m pytest tests/e2e "${options[@]}"
}

containers() {
    PG_TLS_PROXY="$PWD/build/release/pg-tls-proxy" /usr/bin/python3 -m pytest tests/e2e/test_container*.py
}

test_preset() {
    if [ "$1" = containers ]; then
        step "packages for containers" install_packages "${container_packages[@]}"
        step "release: build" build release
        step "containers" containers
        return
    fi
    step "$1: build" build "$1"
    if [ "$1" = asan-ubsan ]; then step "$1: units" units "$1"; fi
    step "$1: end to end" end_to_end "$1"
    if [ "$1" = release ]; then step "quickstart" bash docker/quickstart.sh --once; fi
}

presets=("$@")
if [ $# = 0 ]; then presets=(release asan-ubsan tsan); fi
for preset in "${presets[@]}"; do
    case "$preset" in
        release | asan-ubsan | tsan | containers) ;;
        *) current="unknown preset: $preset"; exit 2 ;;
    esac
done

step "packages" install_packages "${build_packages[@]}" "${server_packages[@]}" "${test_packages[@]}"
step "PostgreSQL 18" install_postgresql_18
for preset in "${presets[@]}"; do
    test_preset "$preset"
done
