#!/usr/bin/env bash
# Installs the Debian packages whose programs the tests run, and a French locale for the card.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# program=package
wanted=(
    age=age cc=build-essential docker-registry=docker-registry faketime=faketime git=git
    fusefat=fusefat git-lfs=git-lfs losetup=mount mkfs.exfat=exfatprogs mkfs.vfat=dosfstools
    mount.exfat-fuse=exfat-fuse prlimit=util-linux script=bsdutils
    setpriv=util-linux sshfs=sshfs
    localedef=libc-bin skopeo=skopeo ssh-keygen=openssh-client sshd=openssh-server strace=strace
    tmux=tmux zstd=zstd
)
missing=()
for pair in "${wanted[@]}"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
done
[ -e /usr/share/i18n/locales/fr_FR ] || missing+=(locales)

if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "these packages are missing; install them, then run tests/run again:"
        echo "  apt-get install --no-install-recommends ${missing[*]}"
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    # Servers are started by tests, on ports of their own, never by the package.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "${missing[@]}"
fi

# The printed card must work where programs speak French.
if ! locale -a | grep -qix 'fr_FR\.utf-\?8'; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "a French locale is missing; as root: localedef -i fr_FR -f UTF-8 fr_FR.UTF-8"
        exit 1
    fi
    localedef -i fr_FR -f UTF-8 fr_FR.UTF-8
fi
