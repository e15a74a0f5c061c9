#!/usr/bin/env bash
# The root file system of a minimal Debian 12, for machines that reach a Debian archive but no image registry:
#
#   bash docker/base-image.sh OUT.tar
#   docker import OUT.tar debian:bookworm-slim
#
# Takes the packages from the archive that apt of this machine is configured with. Needs root and Debian's mmdebstrap.
set -euo pipefail

fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

if [ $# != 1 ]; then sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
out=$1
[ "$(id -u)" = 0 ] || fail "must run as root: it makes device nodes and changes root"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing: apt-get install mmdebstrap"

# "updates" and "security" included, whatever file they stand in and wherever the mirror is.
sources=$(apt-get indextargets --format '$(CODENAME) deb $(REPO_URI) $(RELEASE) main' \
    'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    sed -nE 's/^bookworm(-updates|-security)? //p' | sort --unique)
[ -n "$sources" ] || fail "apt of this machine knows no archive of Debian 12; see /etc/apt/sources.list.d"

# A clock that is ahead of the archive's signatures is common in sandboxes; the signatures themselves are checked.
clock=(--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"')
slim=(
    --aptopt='APT::Install-Recommends "false"'
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright'
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*'
)

temporary=$(mktemp "$out.XXXXXX")
log=$(mktemp)
trap 'rm -f "$temporary" "$log"' EXIT
# Compression would only cost: the engine unpacks at once.
printf '%s\n' "$sources" | mmdebstrap --quiet --mode=root --variant=apt --format=tar "${clock[@]}" "${slim[@]}" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged \
    bookworm - - >"$temporary" 2>"$log" || { cat "$log" >&2; fail "mmdebstrap failed"; }
chmod 644 "$temporary"
mv "$temporary" "$out"
