#!/usr/bin/env bash
# Install the browser that `make browser` tests in, headless Chromium with its WebDriver, where that can be done;
# the tests themselves say what is missing.
set -euo pipefail
. "${0%/*}/apt.sh"

packages=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || packages+=(chromium)
command -v chromedriver >/dev/null || packages+=(chromium-driver)
[ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"
