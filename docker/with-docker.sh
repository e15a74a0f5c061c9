#!/usr/bin/env bash
# Runs a command with a private Docker engine that ends with it; nothing of this machine's own Docker is touched:
#
#   bash docker/with-docker.sh docker build --network host -f docker/Dockerfile -t pg-tls-proxy .
#
# Images stay in build/docker for the next time. The engine has no bridge: use --network host, none or container:NAME.
# debian:bookworm-slim is made from the Debian archive, not pulled. Needs root and Debian's docker.io and mmdebstrap.
set -euo pipefail

fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

if [ $# = 0 ]; then sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
[ "$(id -u)" = 0 ] || fail "must run as root: the engine makes namespaces and mounts"
for program in dockerd docker containerd runc flock; do
    command -v "$program" >/dev/null || fail "$program is missing: apt-get install docker.io"
done

root=$(cd "$(dirname "$0")/.." && pwd)
data=$root/build/docker
mkdir -p "$data"
exec 9>"$data/lock"
flock --timeout 600 9 || fail "another engine has been using $data for ten minutes"

# Short, since a socket's path may have 107 characters only.
run=$(mktemp -d -t pg-tls-proxy-docker.XXXXXX)
engine=

stop_engine() {
    trap - EXIT
    if [ -n "$engine" ]; then
        kill -TERM "$engine" 2>/dev/null || true
        timeout 60 tail --pid "$engine" --follow /dev/null || kill -KILL "$engine" 2>/dev/null || true
        wait "$engine" || true
    fi
    # What an engine without a network leaves mounted.
    umount "$run/exec/netns/default" 2>/dev/null || true
    rm -rf "$run"
}
trap stop_engine EXIT

wait_for_engine() {
    local deadline=$((SECONDS + 60))
    until docker info >/dev/null 2>&1; do
        kill -0 "$engine" 2>/dev/null || { cat "$run/log" >&2; fail "dockerd ended"; }
        [ "$SECONDS" -lt "$deadline" ] || { cat "$run/log" >&2; fail "dockerd did not answer within a minute"; }
        sleep 0.2
    done
}

have_base() {
    if [ -n "$(docker images --quiet debian:bookworm-slim)" ]; then return; fi
    bash "$root/docker/base-image.sh" "$run/base.tar"
    docker import "$run/base.tar" debian:bookworm-slim >/dev/null
    rm "$run/base.tar"
}

export DOCKER_HOST=unix://$run/docker.sock
# The builder that every client has; the newer one is a plugin.
export DOCKER_BUILDKIT=0
# The lock is this script's alone: a child that outlived it would keep it.
dockerd --host "$DOCKER_HOST" --data-root "$data/engine" --exec-root "$run/exec" --pidfile "$run/pid" \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false >"$run/log" 2>&1 9>&- &
engine=$!
wait_for_engine
have_base
"$@" 9>&-
