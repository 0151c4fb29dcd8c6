#!/usr/bin/env bash
# Build libzmq and libsodium as static libraries into PREFIX, unless they are there already: see buildtools/bundle.py.
# ZMQBIND_LIBZMQ_SOURCE and ZMQBIND_LIBSODIUM_SOURCE name the sources; without them these are the official releases, and
# where those cannot be had, Debian's source packages on a Debian machine.
# Usage: tools/bundle.sh PYTHON PREFIX
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/apt.sh

python=$1 prefix=$2
export PATH="$(dirname "$python"):$PATH" # cmake, ninja

missing=()
command -v "${CXX:-c++}" >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"

bundle() { "$python" -m buildtools.bundle "$prefix"; }
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
