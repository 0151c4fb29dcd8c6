#!/usr/bin/env bash
# Make Zig's C and C++ compiler the one that zmqbind is built with: docs/building-zig.md tells why and how.
# Usage: toolchain=$(tools/zig-toolchain.sh PYTHON PLATFORM) && eval "$toolchain"
#   PYTHON     one that has the package ziglang
#   PLATFORM   the glibc, and the machine if it is another one, as in a wheel's name: manylinux_2_17, manylinux_2_17_aarch64
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
if [[ ! $2 =~ ^manylinux_([0-9]+)_([0-9]+)(_(.+))?$ ]]; then
    echo "WHEEL_PLATFORM should be like manylinux_2_17 or manylinux_2_17_aarch64, not $2" >&2
    exit 1
fi
machine=${BASH_REMATCH[4]:-$(uname -m)}
target=$machine-linux-gnu.${BASH_REMATCH[1]}.${BASH_REMATCH[2]}
package=$("$python" -c 'import importlib.util as u; print(u.find_spec("ziglang").submodule_search_locations[0])')
directory=$PWD/build/zig/$target # named after the target, so that another target is another compiler to the build

# wrapper NAME WORDS: a program that runs Zig with these words before its own arguments.
wrapper() {
    # shellcheck disable=SC2016  # "$@" is the wrapper's
    printf '#!/bin/sh\nexec %q %s "$@"\n' "$package/zig" "$2" >"$directory/$1"
    chmod +x "$directory/$1"
}

# -O3 comes first, so that any other overrides it: without one Zig adds traps for undefined behaviour, and optimises
# nothing when it links. It keeps frame pointers unless told otherwise, unlike GCC.
flags="-target $target -O3 -fomit-frame-pointer"
mkdir -p "$directory"
wrapper cc "cc $flags"
wrapper c++ "c++ $flags"
wrapper ar ar
wrapper ranlib ranlib

printf 'export %s=%q\n' CC "$directory/cc" CXX "$directory/c++" AR "$directory/ar" RANLIB "$directory/ranlib" \
    LDSHARED "$directory/cc -shared" LDCXXSHARED "$directory/c++ -shared" \
    ZIG_LICENSE "$package/LICENSE"
# Python's name for the machine, which is asked of the machine itself unless this says otherwise.
[ "$machine" = "$(uname -m)" ] || echo "export _PYTHON_HOST_PLATFORM=linux-$machine"
