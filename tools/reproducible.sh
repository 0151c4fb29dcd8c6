#!/usr/bin/env bash
# Build a wheel twice, libzmq included, in two directories, and compare byte by byte.
# Usage: tools/reproducible.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(realpath -s "$1")
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y PKG-INFO)}
export SOURCE_DATE_EPOCH
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m build --sdist --outdir "$scratch" . >/dev/null
for place in one another/place; do
    mkdir -p "$scratch/$place"
    tar -xzf "$scratch"/*.tar.gz -C "$scratch/$place" --strip-components=1
    "$scratch/$place/tools/wheel.sh" "$python" "$python"
done
if ! cmp "$scratch"/one/dist/*.whl "$scratch"/another/place/dist/*.whl; then
    echo "The two builds differ." >&2
    exit 1
fi
sha256sum "$scratch"/one/dist/*.whl | sed "s|$scratch/one/||"
