#!/usr/bin/env bash
# Fetch Debian's source packages of libzmq and libsodium, with its patches, into DIRECTORY/libzmq and /libsodium.
# Leaves the machine's own list of sources as it is.
# Usage: tools/debian-sources.sh DIRECTORY
set -euo pipefail
. "${0%/*}/apt.sh"

mkdir -p "$1"
cd "$1"
lists=$PWD/apt
mkdir -p "$lists"/{parts,state/lists/partial,cache/archives/partial}

# The same archives as the machine's, asked for source packages.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$file" ] || sed -n 's/^deb /deb-src /p' "$file" >"$lists/parts/$(basename "$file")"
done
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$lists/parts/$(basename "$file")"
done
cat >"$lists/apt.conf" <<END
Dir::State "$lists/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$lists/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$lists/parts";
APT::Sandbox::User "root";
END

missing=()
command -v dpkg-source >/dev/null || missing+=(dpkg-dev)
# Debian's libsodium has no configure script.
for program in autoconf automake libtool; do
    dpkg -s "$program" >/dev/null 2>&1 || missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"

apt-get -c "$lists/apt.conf" update -qq
for pair in zeromq3:libzmq libsodium:libsodium; do
    package=${pair%:*} name=${pair#*:}
    [ ! -d "$name" ] || continue
    echo "Fetching Debian's source of $name"
    scratch=$(mktemp -d "$PWD/$name.XXXX")
    (cd "$scratch" && apt-get -c "$lists/apt.conf" source -qq "$package" >/dev/null 2>&1)
    mv "$scratch"/*/ "$name"
    rm -r "$scratch"
done
