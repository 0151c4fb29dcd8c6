#!/usr/bin/env bash
# Test each wheel in dist with the interpreter it is for.
# Usage: tools/try-wheels.sh PYTHON...
set -euo pipefail
cd "$(dirname "$0")/.."

tag='import sys, sysconfig
print("cp%d%d%s" % (*sys.version_info[:2], "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED"))))'
for python in "$@"; do
    # Behind the tag of the interpreter stands that of its ABI, which tells cp313t from cp313.
    wheels=(dist/*-cp3*-"$("$python" -c "$tag")"-*.whl)
    echo "== $python: ${wheels[0]}"
    tools/try-package.sh "$python" "${wheels[0]}"
done
