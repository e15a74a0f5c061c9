#!/usr/bin/env bash
# image-root.sh PROGRAM FOLDER: makes FOLDER the root of an image in which PROGRAM runs. A step of docker/Dockerfile.
set -euo pipefail

program=$1 root=$2
install -D "$program" "$root/pg-tls-proxy"
mapfile -t objects < <(ldd "$program" | grep --only-matching '/[^ ]*')
for object in "${objects[@]}"; do
    case "$(basename "$object")" in
        ld-linux-*.so.* | libc.so.6 | libm.so.6) install -D "$(realpath "$object")" "$root$object" ;;
        *) echo "$object was to be linked statically" >&2; exit 1 ;;
    esac
done

# For those who scan images or ask for licences: what is in here, linked in or beside. (Boost asks for no notice beside a
# program, and its own takes 2 MB.)
for package in libc6 libstdc++6 libssl3 libprometheus-cpp-core1.0 libspdlog-dev libfmt-dev libtomlplusplus-dev \
    libcli11-dev ca-certificates; do
    install -D --mode 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
    mkdir -p "$root/var/lib/dpkg/status.d"
    dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
done
install -D --mode 644 LICENSE "$root/usr/share/doc/pg-tls-proxy/copyright"

# What the C library's resolver wants: names from /etc/hosts first, then from DNS. Both are in libc itself.
mkdir -p "$root/etc"
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
install -D --mode 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

# For a ~/.postgresql that is mounted.
install -d "$root/home/pg-tls-proxy"
