#!/usr/bin/env bash
# Run the tests on every CPython that tools/pythons.sh lists, each in a virtual environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

pythons=$(tools/pythons.sh)
passed=() failed=()
while read -r name python; do
    extras=cli,test,bench
    [[ $name != *t ]] || extras=cli,test-free-threading # not all of the rest can be had there
    echo "== Python $name: $python"
    if "${MAKE:-make}" --no-print-directory test PYTHON="$python" VENV=".venv-$name" EXTRAS="$extras"; then
        passed+=("$name")
    else
        failed+=("$name")
    fi
done <<<"$pythons"

echo "== passed: ${passed[*]:-none}; failed: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
