#!/usr/bin/env bash
# Move new wheels into dist, so that it has one wheel for each kind of interpreter, all of one version.
# Usage: tools/into-dist.sh DIST WHEEL...
set -euo pipefail

dist=$1
mkdir -p "$dist"
for new in "${@:2}"; do
    IFS=- read -r name version python abi _ <<<"$(basename "$new")"
    for old in "$dist/$name"-*.whl; do
        case $(basename "$old") in
            "$name-$version-$python-$abi"-*) rm "$old" ;;
            "$name-$version"-*) ;;
            *) rm -f "$old" ;;
        esac
    done
    mv "$new" "$dist"
done
