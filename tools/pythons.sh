#!/usr/bin/env bash
# List the newest of each CPython series from 3.10 that pyenv has, one "3.12 /path/to/python" a line.
set -euo pipefail

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
for name in $(printf '%s\n' "${!pythons[@]}" | sort -V); do
    echo "$name ${pythons[$name]}"
done
