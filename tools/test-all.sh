#!/usr/bin/env bash
# Run the tests on the newest of each CPython series from 3.10 that pyenv has, each in a virtual environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}

# "3.12" for a CPython that counts, "3.13t" for a free-threaded one, nothing for others.
series='import sys, sysconfig
if sys.implementation.name == "cpython" and sys.version_info >= (3, 10):
    print("%d.%d" % sys.version_info[:2] + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED")))'

declare -A pythons=()
while IFS= read -r python; do
    name=$("$python" -c "$series" 2>/dev/null) || continue
    [ -z "$name" ] || pythons[$name]=$python
done < <(printf '%s\n' "$root"/versions/*/bin/python | sort -V)

if [ ${#pythons[@]} -eq 0 ]; then
    echo "No CPython 3.10 or newer under $root/versions; install one with: pyenv install 3.12" >&2
    exit 1
fi

passed=() failed=()
for name in $(printf '%s\n' "${!pythons[@]}" | sort -V); do
    echo "== Python $name: ${pythons[$name]}"
    if "${MAKE:-make}" --no-print-directory test PYTHON="${pythons[$name]}" VENV=".venv-$name" EXTRAS=cli,test,bench; then
        passed+=("$name")
    else
        failed+=("$name")
    fi
done

echo "== passed: ${passed[*]:-none}; failed: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
