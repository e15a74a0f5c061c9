#!/usr/bin/env bash
# The whole thing on one machine: a throw-away PostgreSQL that takes nothing but TLS, pg-tls-proxy in front of it, and
# psql, which knows nothing of TLS, through the proxy.
#
#   bash docker/quickstart.sh          serve until Ctrl-C
#   bash docker/quickstart.sh --once   end after the show
#
# Installs the Debian packages that are missing (root or sudo) and builds build/release. What it starts it also stops,
# and all that it writes besides the build is gone at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
source docker/packages.sh

case "${1-}" in
    "") once=no ;;
    --once) once=yes ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; }

postgresql=/usr/lib/postgresql/15/bin
proxy=build/release/pg-tls-proxy
work=
proxy_pid=

as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

clean_up() {
    trap - EXIT INT TERM
    if [ -z "$work" ]; then return; fi
    if [ -n "$proxy_pid" ]; then
        kill "$proxy_pid" 2>/dev/null || true
        wait "$proxy_pid" || true
    fi
    if [ -e "$work/data/postmaster.pid" ]; then
        as_postgres "$postgresql/pg_ctl" --pgdata "$work/data" --mode fast --silent stop
    fi
    rm -rf "$work"
    step "Stopped and removed everything that this had started"
}

free_port() { # the first port from $1 on that nobody listens on
    local port=$1
    while (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

build() {
    cmake --preset release >"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
    cmake --build --preset release --target pg-tls-proxy
}

make_certificates() { # ca.crt signs server.crt, which is for localhost
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7)
    openssl req -x509 "${key[@]}" -subj "/CN=quickstart CA" -keyout "$work/ca.key" -out "$work/ca.crt"
    openssl req -x509 "${key[@]}" -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
        -addext "basicConstraints=critical,CA:FALSE" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
        -keyout "$work/server.key" -out "$work/server.crt"
} 2>"$work/openssl.log"

start_postgresql() {
    echo quickstart >"$work/password"
    if [ "$(id -u)" = 0 ]; then chown -R postgres: "$work"; fi
    as_postgres "$postgresql/initdb" --pgdata "$work/data" --username app --pwfile "$work/password" \
        --auth scram-sha-256 --encoding UTF8 --no-locale --no-sync >"$work/initdb.log"
    cat >>"$work/data/postgresql.conf" <<EOF
listen_addresses = '127.0.0.1'
port = $server_port
unix_socket_directories = ''
ssl = on
ssl_cert_file = '$work/server.crt'
ssl_key_file = '$work/server.key'
EOF
    echo "hostssl all all all scram-sha-256" >"$work/data/pg_hba.conf"
    as_postgres "$postgresql/pg_ctl" --pgdata "$work/data" --log "$work/postgresql.log" --silent --wait start
}

start_proxy() {
    local upstream="host=localhost port=$server_port sslmode=verify-full sslrootcert=$work/ca.crt"
    show "$proxy --listen 127.0.0.1:$port --admin 127.0.0.1:$admin_port --upstream '$upstream'"
    "$proxy" --listen "127.0.0.1:$port" --admin "127.0.0.1:$admin_port" --upstream "$upstream" 2>"$work/proxy.log" &
    proxy_pid=$!
    wait_for curl --silent --fail --output /dev/null "http://127.0.0.1:$admin_port/readyz"
    cat "$work/proxy.log"
}

wait_for() { # until the command succeeds, as long as the proxy runs
    until "$@"; do
        kill -0 "$proxy_pid" 2>/dev/null || { cat "$work/proxy.log"; exit 1; }
        sleep 0.1
    done
}

work=$(mktemp -d -t pg-tls-proxy-quickstart.XXXXXX)
chmod 755 "$work"
trap clean_up EXIT
trap 'exit 130' INT TERM

step "Packages"
install_packages "${build_packages[@]}" "${server_packages[@]}"
step "Build of $proxy"
build

port=$(free_port 6432)
admin_port=$(free_port 9432)
server_port=$(free_port 15432)
export PGUSER=app PGPASSWORD=quickstart PGDATABASE=postgres

step "A PostgreSQL 15 on port $server_port that takes TLS and SCRAM only"
make_certificates
start_postgresql
show "psql 'host=127.0.0.1 port=$server_port sslmode=disable'"
"$postgresql/psql" "host=127.0.0.1 port=$server_port sslmode=disable" 2>&1 || true

step "pg-tls-proxy in front of it"
start_proxy

step "psql with default settings, in clear to the proxy; what the server says of this connection"
query="SELECT ssl, version, cipher, bits FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
show "psql -h 127.0.0.1 -p $port -c '$query'"
"$postgresql/psql" --no-psqlrc --pset pager=off --host 127.0.0.1 --port "$port" --command "$query"
wait_for grep "connection closed" "$work/proxy.log"

step "What Prometheus sees at http://127.0.0.1:$admin_port/metrics"
curl --silent --fail "http://127.0.0.1:$admin_port/metrics" |
    grep -E '^pg_tls_proxy_(client_connections_total|tls_sessions_total|bytes_total|peer_certificate_not_after)'

if [ "$once" = yes ]; then exit 0; fi
step "Serving until Ctrl-C; its log follows. To connect:"
echo "psql 'host=127.0.0.1 port=$port user=$PGUSER password=$PGPASSWORD dbname=$PGDATABASE'"
trap 'exit 0' INT TERM
tail --pid "$proxy_pid" --lines 0 --follow "$work/proxy.log"
