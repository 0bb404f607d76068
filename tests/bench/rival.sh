#!/usr/bin/env bash
# What somebody would write instead: mirrors with git, an archive for each with tar, zstd and age,
# a list of digests, signed with ssh-keygen. Made as fast as it gets with these: several at once, no
# housekeeping by git, and nothing is archived or hashed again that did not change.
#
#   rival.sh LIST FOLDER RECIPIENT KEY JOBS       LIST has a name and a URL in each line
set -euo pipefail
list=$1 recipient=$3 key=$4 jobs=$5
mkdir -p "$2/mirrors" "$2/archives"
cd "$2"

archive() {
    tar -C mirrors -cf - "$1.git" | zstd -q -3 | age -r "$recipient" -o "archives/$1.new"
    (cd archives && mv "$1.new" "$1.tar.zst.age" && sha256sum "$1.tar.zst.age" >"$1.sum")
}
export -f archive
export recipient

if [ -e signed ]; then
    cut -d ' ' -f 1 "$list" | xargs -P "$jobs" -I '{}' \
        git -C mirrors/'{}'.git -c maintenance.auto=false remote update --prune >log 2>&1
    changed=$(find mirrors \( -path '*/objects/*' -o -path '*/refs/*' -o -name packed-refs \) \
        -type f -newer signed | cut -d / -f 2 | sort -u)
else
    while read -r name url; do printf '%s\nmirrors/%s.git\n' "$url" "$name"; done <"$list" |
        xargs -P "$jobs" -n 2 git clone --quiet --mirror
    changed=$(ls mirrors)
fi
touch fetched
if [ -n "$changed" ]; then
    sed 's/\.git$//' <<<"$changed" | xargs -P "$jobs" -I '{}' bash -c 'archive {}'
fi
cat archives/*.sum >digests
rm -f digests.sig
ssh-keygen -q -Y sign -f "$key" -n rival digests 2>log
mv fetched signed
