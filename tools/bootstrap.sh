#!/usr/bin/env bash
# Make sure this machine can build zmqbind: a Python with venv and headers, a C compiler, pkg-config, libzmq.
# Installs what is missing through apt where there is apt, and otherwise says what to install.
# Usage: tools/bootstrap.sh [python [program...]]; the programs are those of packages of the same name.
set -euo pipefail
. "${0%/*}/apt.sh"

python=${1:-python3}
packages=()

have_python() { command -v "$python" >/dev/null && "$python" -c ''; }
have_venv() { "$python" -c 'import ensurepip, venv'; }
have_headers() {
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}
have_compiler() { link '' <<<'#include <stdio.h>
int main(void) { return 0; }'; }
have_libzmq() {
    local flags
    flags=$(pkg-config --cflags --libs libzmq 2>/dev/null || echo -lzmq)
    link "$flags" <<<'#include <zmq.h>
int main(void) { return zmq_errno(); }'
}

# link FLAGS: whether the C program on standard input compiles and links.
link() { # shellcheck disable=SC2086  # flags are several words
    ${CC:-cc} -x c - -x none -o /dev/null $1 >/dev/null 2>&1
}

# Debian names the packages of an interpreter after it: python3-venv, python3.12-venv.
debian_python=$(basename "$python")

have_python 2>/dev/null || packages+=("$debian_python")
have_venv 2>/dev/null || packages+=("$debian_python-venv")
have_headers 2>/dev/null || packages+=("$debian_python-dev")
have_compiler || packages+=(gcc libc6-dev)
command -v pkg-config >/dev/null || packages+=(pkg-config)
[ -n "${ZMQBIND_LIBZMQ:-}" ] || have_libzmq || packages+=(libzmq3-dev)
for program in "${@:2}"; do
    command -v "$program" >/dev/null || packages+=("$program")
done

if [ ${#packages[@]} -gt 0 ]; then
    if ! install_packages "${packages[@]}"; then
        cat >&2 <<END
This machine lacks something zmqbind is built with. In Debian's names: ${packages[*]}
Install it and try again:
  Fedora, RHEL   dnf install gcc python3-devel pkgconf-pkg-config zeromq-devel
  macOS          xcode-select --install && brew install python pkg-config zeromq
END
        exit 1
    fi
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "zmqbind needs Python 3.10 or newer; $python is $("$python" -V 2>&1). Try: make PYTHON=python3.12 ..." >&2
    exit 1
fi
