#!/usr/bin/env bash
# Build the sdist, and a wheel from it, into dist; check both; use the wheel away from the source tree.
# Usage: tools/package.sh [python]
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(command -v "${1:-python3}")
rm -rf dist
"$python" -m build --outdir dist .
"$python" -m twine check --strict dist/*

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet dist/*.whl
cd "$scratch"
venv/bin/zmqbind info
venv/bin/python -m zmqbind --version
