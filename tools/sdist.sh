#!/usr/bin/env bash
# Build the sdist into dist, check it, install it from there against the machine's libzmq, and run the tests on that.
# Usage: tools/sdist.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
rm -f dist/*.tar.gz
"$python" -m build --sdist --outdir dist . >/dev/null
"$python" -m twine check --strict dist/*.tar.gz
tools/try-package.sh "$python" dist/*.tar.gz
