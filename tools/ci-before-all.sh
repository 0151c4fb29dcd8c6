#!/usr/bin/env bash
# Build the static libzmq that the wheels take, once for all of them, into $ZMQBIND_LIBZMQ: cibuildwheel runs this
# before the first wheel, in its manylinux and musllinux containers and on macOS.
set -euo pipefail
cd "$(dirname "$0")/.."

# The Python that is first on the PATH in the containers is the oldest there.
python=/opt/python/cp312-cp312/bin/python
[ -x "$python" ] || python=python3

# cmake and the like come from PyPI, in one version everywhere; a compiler and make are there already.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch/venv"
PATH=$scratch/venv/bin:$PATH
python -c 'from buildtools import bundle; print("\n".join(bundle.requirements()))' >"$scratch/requirements.txt"
python -m pip install --quiet --requirement "$scratch/requirements.txt"

python -m buildtools.bundle "$ZMQBIND_LIBZMQ"
