#!/usr/bin/env bash
# Install a package in a clean virtual environment and run the tests on it, away from the source tree. A wheel is tested
# where the machine's own libzmq, if it has one, cannot be loaded (this takes root: it is done in a mount namespace).
# Usage: tools/try-package.sh PYTHON WHEEL-OR-SDIST
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
package=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

extra=test
gil='import sys, sysconfig; sys.exit(bool(sysconfig.get_config_var("Py_GIL_DISABLED")))'
"$python" -c "$gil" || extra=test-free-threading # not all of the rest can be had there

"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary \
    "zmqbind[cli,$extra] @ file://$package"
cp -r tests examples pyproject.toml "$scratch"
cd "$scratch"

hidden=()
if [[ $package == *.whl ]]; then
    export ZMQBIND_WHEEL=$package
    hidden=(unshare --mount bash -c '
        for library in $(ldconfig -p | sed -n "s/.* => \(.*lib\(zmq\|sodium\)\.so.*\)/\1/p"); do
            mount --bind /dev/null "$(realpath "$library")"
        done
        exec "$@"' hidden)
    if ! "${hidden[@]}" true 2>/dev/null; then
        echo "Not root: the tests can see the libzmq that this machine has."
        hidden=()
    fi
fi
"${hidden[@]}" venv/bin/zmqbind info
"${hidden[@]}" venv/bin/python -m zmqbind --version
"${hidden[@]}" venv/bin/python -m pytest -q -r fE
