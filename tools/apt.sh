# Sourced by the other scripts: installing through apt, where there is apt.

# install_packages PACKAGE...: install what is not there yet, as root or by sudo; fails where it cannot.
install_packages() {
    command -v apt-get >/dev/null || return 1
    local sudo=
    if [ "$(id -u)" -ne 0 ]; then
        sudo=sudo
        if ! command -v sudo >/dev/null; then
            echo "As root, run: apt-get update && apt-get install $*" >&2
            exit 1
        fi
    fi
    echo "Installing $*"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}
