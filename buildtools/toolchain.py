"""The compilers that libzmq and libsodium are built with: those that setuptools takes for zmqbind itself.

They have to be the same, as objects made for optimisation at link time are of one compiler's own kind.
"""

import os
import shlex
import subprocess
import sysconfig

from .messages import stop

HOW_TO_CHOOSE = "Set both CC and CXX to compilers of one kind, for example CC=clang CXX=clang++, or neither."


def command(variable):
    """The words that run the compiler that CC or CXX names, or else the one that Python was built with."""
    default = {"CC": "cc", "CXX": "c++"}[variable]
    return shlex.split(os.environ.get(variable) or sysconfig.get_config_var(variable) or default)


def environment():
    """The environment variables for configure scripts and CMake."""
    return {**os.environ, "CC": shlex.join(command("CC")), "CXX": shlex.join(command("CXX"))}


def versions():
    """What the compilers say they are; stop where they do not belong together."""
    if bool(os.environ.get("CC")) != bool(os.environ.get("CXX")):
        stop("Of CC and CXX only one is set.", [], HOW_TO_CHOOSE)
    kinds = {variable: kind(variable) for variable in ("CC", "CXX")}
    if kinds["CC"] != kinds["CXX"]:
        reasons = [f"{variable}={shlex.join(command(variable))} is {kinds[variable]}" for variable in kinds]
        stop("The C and the C++ compiler are not of one kind:", reasons, HOW_TO_CHOOSE)
    return [kinds["CC"], first_line("CC"), first_line("CXX")]


def first_line(variable):
    """What a compiler says of its version, with the packager's own; Zig has no answer when it has a target."""
    done = subprocess.run([*command(variable), "--version"], capture_output=True, text=True, errors="replace")
    return done.stdout.partition("\n")[0]


def kind(variable):
    """The version as the preprocessor has it, which is the same for C and C++: "12.2.0", "Clang 14.0.6"."""
    words = [*command(variable), "-E", "-x", "c", "-"]
    done = subprocess.run(words, input="__VERSION__\n", capture_output=True, text=True, errors="replace")
    if done.returncode or not done.stdout:
        stop(f"{shlex.join(words)} failed:", done.stderr.splitlines()[:10], HOW_TO_CHOOSE)
    return done.stdout.splitlines()[-1].strip('"')


def link_time_optimisation():
    """The flags for optimisation across zmqbind and libzmq: of Clang, of GCC, or none where neither works."""
    for flag in ("-flto=thin", "-flto=auto"):
        trial = [*command("CC"), flag, "-x", "c", "-", "-o", os.devnull]
        if not subprocess.run(trial, input=b"int main(void) { return 0; }", capture_output=True).returncode:
            return [flag]
    return []
