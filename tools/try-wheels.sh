#!/usr/bin/env bash
# Test each wheel in dist with the interpreter it is for.
# Usage: tools/try-wheels.sh PYTHON...
set -euo pipefail
cd "$(dirname "$0")/.."

tag='import sys, sysconfig
print("cp%d%d%s" % (*sys.version_info[:2], "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED"))))'
for python in "$@"; do
    wheels=(dist/*-"$("$python" -c "$tag")"-*.whl)
    echo "== $python: ${wheels[0]}"
    tools/try-package.sh "$python" "${wheels[0]}"
done
