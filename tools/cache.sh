# Sourced by the scripts of this folder: where fetched things go, and the rows
# of the lock file. Sets nxc_root, nxc_cache, nxc_deps.
#   nxc_cache   $XDG_CACHE_HOME/nextcall, by default ~/.cache/nextcall
#   nxc_deps    $NXC_DEPS_DIR, by default deps/ in nxc_cache
# shellcheck shell=bash
nxc_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
nxc_home=~
nxc_cache=${XDG_CACHE_HOME:-$nxc_home/.cache}/nextcall
# shellcheck disable=SC2034 # read by the scripts that source this file
nxc_deps=${NXC_DEPS_DIR:-$nxc_cache/deps}
# shellcheck disable=SC2034 # read by the scripts that source this file
nxc_lock=$nxc_root/cmake/deps.lock
# ONNX Runtime, which tests and benchmarks compare with, reports its use
# otherwise, and leaves files in the home and temporary folders.
export ORT_DISABLE_TELEMETRY=1

# One sentence on stderr, then the end.
nxc_fail() {
    echo "tools/$(basename "$0"): $*" >&2
    exit 1
}

# Whether a file has a SHA-256.
nxc_is_file() {
    [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]
}

# nxc_rows KIND SET: "name version sha256 note" of the rows of a set.
nxc_rows() {
    awk -v kind="$1" -v set="$2" '
        $1 == kind && ("," $5 ",") ~ ("," set ",") { print $2, $3, $4, $6 }
    ' "$nxc_lock"
}
