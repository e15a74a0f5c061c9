#!/usr/bin/env bash
# pg-tls-proxy beside the floor program, HAProxy, PgBouncer and stunnel, on this machine.
#
#   bash bench/run.sh [--quick] [--only SECTION...]     --help lists the sections
#
# Installs the Debian packages that are missing (root or sudo), builds build/bench, starts everything on loopback,
# writes bench/RESULTS.md and stops what it started. With root it also counts system calls and profiles, by perf.
# PG_TLS_PROXY=FILE measures another binary, BENCH_BUILD=FOLDER builds elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
source docker/packages.sh

packages=(libbenchmark-dev stunnel4 pgbouncer haproxy linux-perf python3-cryptography python3-psycopg2)
build=$(realpath -m "${BENCH_BUILD:-build/bench}")

build_programs() {
    cmake --preset release -B "$build" -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$build" -DPG_TLS_PROXY_BENCH=ON
    cmake --build "$build"
}

if [[ " $* " != *" --help "* ]]; then
    install_packages "${build_packages[@]}" "${server_packages[@]}" "${packages[@]}" >&2
    install_postgresql_18 >&2
    build_programs >&2
fi
ulimit -n "$(ulimit -Hn)"
export PG_TLS_PROXY=${PG_TLS_PROXY:-$build/pg-tls-proxy} PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 bench/side_by_side.py --build "$build" "$@"
