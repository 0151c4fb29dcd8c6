#!/usr/bin/env bash
# Install what `make soak` makes its network with (ip and tc), where that can be done; the soak itself says what it lacks.
set -euo pipefail

if command -v ip >/dev/null && command -v tc >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing iproute2"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends iproute2 >/dev/null
fi
