#!/usr/bin/env bash
# Install the programs that `make programs` tries on zmqbind, with the PyZMQ that they ask for, into a virtual environment
# of their own, in which zmqbind is found but does not count as installed.
# usage: tools/programs.sh PYTHON DIRECTORY
set -euo pipefail
python=$1 directory=$2
packages=(circus ipykernel ipyparallel jupyterlab nbclient)

if [ "$(cat "$directory/installed" 2>/dev/null)" != "${packages[*]}" ]; then
    echo "Installing ${packages[*]}"
    rm -rf "$directory"
    "$python" -m venv "$directory"
    "$directory/bin/python" -m pip install --quiet --prefer-binary "${packages[@]}"
    echo "${packages[*]}" >"$directory/installed"
fi
pwd >"$("$directory/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/zmqbind.pth"
