#!/usr/bin/env bash
# Install what the tests of interoperation talk to from C (czmq), where that can be done; without it they are skipped.
set -euo pipefail
. "${0%/*}/apt.sh"

if pkg-config --exists libczmq 2>/dev/null; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; then
    install_packages libczmq-dev || echo "czmq cannot be installed here; the tests with it are skipped" >&2
fi
