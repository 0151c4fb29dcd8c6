#!/usr/bin/env bash
# Test the wheel in dist that fits on another Debian release, in a chroot that has that release's Python and neither
# libzmq nor a compiler. As root.
# Usage: tools/try-elsewhere.sh TOOLS RELEASE VERSION
#   TOOLS     a Python that has pip
#   RELEASE   its name: trixie
#   VERSION   of the Python that it has: 3.13
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/apt.sh

tools=$(realpath -s "$1")
release=$2
version=$3
root=$PWD/build/elsewhere/$release
tag=cp${version/./}
wheels=(dist/*-cp3*-"$tag"-*.whl)
if [ ! -e "${wheels[0]}" ]; then
    echo "dist has no wheel for Debian $release's Python $version ($tag); make one: make wheel PYTHON=python$version" >&2
    exit 1
fi
[ "$(id -u)" -eq 0 ] || { echo "This needs root, for chroot." >&2; exit 1; }
command -v debootstrap >/dev/null || install_packages debootstrap

if [ ! -e "$root/finished" ]; then
    echo "Installing Debian $release"
    rm -rf "$root"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' | head -n 1)
    debootstrap --variant=minbase --include=python3-venv "$release" "$root" "$mirror" >"build/elsewhere-$release.log"
    touch "$root/finished"
fi

inside() {
    unshare --mount bash -c '
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        exec chroot "$0" "$@"' "$root" "$@"
}

work=$root/work
rm -rf "$work"
mkdir -p "$work/packages"
cp -r tests examples pyproject.toml "$work"
wheel=$(basename "${wheels[0]}")
cp "dist/$wheel" "$work/packages"
# What the tests need is fetched out here, as pip in there may know no index.
platforms=()
for platform in "manylinux2014_$(uname -m)" "manylinux_2_17_$(uname -m)" "manylinux_2_28_$(uname -m)" "$(sed 's/.*-\(.*\)\.whl/\1/; s/.*\.//' <<<"$wheel")"; do
    platforms+=(--platform "$platform")
done
"$tools" -m pip download --quiet --only-binary :all: --python-version "$version" "${platforms[@]}" \
    --dest "$work/packages" "zmqbind[cli,test] @ file://$work/packages/$wheel"

echo "== Debian $release, Python $version: $wheel"
inside python3 -m venv /work/venv
inside /work/venv/bin/python -m pip install --quiet --no-index --find-links /work/packages "zmqbind[cli,test]"
if inside sh -c 'ldconfig -p | grep -E "libzmq|libsodium" || command -v cc'; then
    echo "The chroot has what it should not have." >&2
    exit 1
fi
inside sh -c "cd /work && venv/bin/zmqbind info && ZMQBIND_WHEEL=/work/packages/$wheel venv/bin/python -m pytest -q -r fE"
