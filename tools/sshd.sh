#!/usr/bin/env bash
# Get what the tests of SSH tunnels need, where that can be done; the tests say what they lack. The client is installed;
# the server is only unpacked, into build/sshd, as installing it would start it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/apt.sh

command -v ssh >/dev/null || (install_packages openssh-client) || true
[ -z "$(PATH=$PATH:/usr/sbin command -v sshd)" ] || exit 0
[ ! -e build/sshd/usr/sbin/sshd ] || exit 0
command -v apt-get >/dev/null || exit 0

echo "Unpacking openssh-server"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fetch() (cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download openssh-server libwrap0)
if ! fetch 2>/dev/null; then
    [ "$(id -u)" -ne 0 ] || apt-get update -qq
    fetch || exit 0
fi
for package in "$scratch"/*.deb; do
    dpkg-deb --extract "$package" "$scratch/root"
done
mkdir -p build
cp -r "$scratch/root" build/sshd
