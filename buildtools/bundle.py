"""Builds libzmq and libsodium as static libraries, for a zmqbind that needs neither on the machine it runs on.

`ZMQBIND_LIBZMQ=bundled pip install .` does it in passing. `python -m buildtools.bundle PREFIX` does it once for many
builds, which then take `ZMQBIND_LIBZMQ=PREFIX`.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from . import toolchain
from .messages import stop
from .prefixes import LICENSES, publish, read_record, refuse_others
from .sources import LIBSODIUM, LIBZMQ, DownloadFailed

DRAFTS = "ZMQBIND_LIBZMQ_DRAFTS"
NOT_DOWNLOADED = 3  # the exit status that makes tools/wheel.sh look for sources elsewhere
LICENSE_FILES = ("LICENSE", "COPYING", "COPYING.LESSER")

# Beside a C and a C++ compiler; those that PyPI has come with a build from an sdist.
PROGRAMS_FROM_PYPI = {"cmake": "cmake>=3.16", "ninja": "ninja", "pkg-config": "pkgconf"}
PROGRAMS = ["make", *PROGRAMS_FROM_PYPI]

LIBZMQ_OPTIONS = {
    "BUILD_SHARED": "OFF",
    "BUILD_TESTS": "OFF",
    "ENABLE_CPACK": "OFF",
    "ENABLE_CURVE": "ON",
    "WITH_DOCS": "OFF",
    "WITH_LIBBSD": "OFF",
    "WITH_LIBSODIUM": "ON",
    "WITH_LIBSODIUM_STATIC": "ON",
    "WITH_PERF_TOOL": "OFF",
    "WITH_TLS": "OFF",
    "CMAKE_BUILD_TYPE": "Release",
    "CMAKE_INSTALL_LIBDIR": "lib",
    "CMAKE_INTERPROCEDURAL_OPTIMIZATION": "ON",
    "CMAKE_POLICY_DEFAULT_CMP0069": "NEW",  # so that the line above counts
    "CMAKE_POLICY_VERSION_MINIMUM": "3.5",  # older ones, as libzmq asks for, are refused by CMake 4
    "CMAKE_POSITION_INDEPENDENT_CODE": "ON",
}


def requirements():
    """What a build needs from PyPI: the programs that this machine lacks."""
    return [package for program, package in PROGRAMS_FROM_PYPI.items() if not shutil.which(program)]


def build(prefix):
    """Build both libraries into the directory prefix, unless just the same is there already."""
    if sys.platform == "win32":
        stop(
            "On Windows, libzmq is not built along with zmqbind: install it by vcpkg, set ZMQBIND_LIBZMQ to its prefix."
        )
    prefix = Path(prefix).resolve()
    refuse_others(prefix)
    check_programs()
    wanted = {"inputs": inputs(), "lto": toolchain.link_time_optimisation()}
    if read_record(prefix) == wanted:
        return prefix
    with tempfile.TemporaryDirectory(prefix="zmqbind-") as scratch:
        check_scratch(scratch)
        libzmq, libsodium = LIBZMQ.unpack(scratch), LIBSODIUM.unpack(scratch)
        installed = Path(scratch, "installed")
        build_libsodium(libsodium, installed, scratch)
        build_libzmq(libzmq, installed, scratch)
        publish(installed, wanted, prefix)
    return prefix


def inputs():
    """All that decides what comes out."""
    variables = [
        "CC",
        "CXX",
        "AR",
        "RANLIB",
        "CPPFLAGS",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "ARCHFLAGS",
        "MACOSX_DEPLOYMENT_TARGET",
    ]
    return {
        "sources": [LIBZMQ.identity(), LIBSODIUM.identity()],
        "drafts": drafts(),
        "compilers": toolchain.versions(),
        "environment": {name: os.environ[name] for name in variables if name in os.environ},
        "platform": sysconfig.get_platform(),
        "recipe": Path(__file__).read_text("utf-8") + Path(toolchain.__file__).read_text("utf-8"),
    }


def drafts():
    """Whether libzmq's drafts are wanted."""
    value = os.environ.get(DRAFTS, "").lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("", "0", "false", "no", "off"):
        return False
    stop(f"{DRAFTS}={os.environ[DRAFTS]}: this should be 1 or 0")


def check_scratch(directory):
    """Stop where the directory for temporary files has a name that configure scripts and make cannot cope with."""
    if re.search(r"""[\s"#$&'`\\]""", str(directory)):
        stop(f"Building libzmq needs a TMPDIR without spaces and quotes in its name; this is {directory}")


def check_programs():
    """Stop where a program is missing."""
    programs = [toolchain.command("CC")[0], toolchain.command("CXX")[0], *PROGRAMS]
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        stop(
            f"Building libzmq needs {', '.join(missing)}. Install and try again:",
            [
                "Debian, Ubuntu   apt install g++ make cmake ninja-build pkg-config",
                "Fedora, RHEL     dnf install gcc-c++ make cmake ninja-build pkgconf-pkg-config",
                "macOS            brew install cmake ninja pkgconf",
            ],
        )


def build_libsodium(source, prefix, scratch):
    """As its own configure script builds it, whose run-time choice of instructions suits every machine."""
    if not (source / "configure").is_file():  # not in what Debian has, nor in a git checkout
        if not shutil.which("autoreconf"):
            stop("This source of libsodium has no configure script. Making one needs autoconf, automake and libtool.")
        run("autoreconf", "-if", cwd=source)
    configure = ["--disable-shared", "--enable-static", "--with-pic", f"--prefix={prefix}"]
    if other_machine():
        configure.append(f"--host={other_machine()}-linux-gnu")
    # Whoever sets CFLAGS means them for both libraries; -g would only be stripped again.
    flags = f"-O3 {os.environ.get('CFLAGS', '')} {hiding(scratch)}"
    run("sh", "./configure", "--quiet", "--disable-dependency-tracking", *configure, f"CFLAGS={flags}", cwd=source)
    run("make", "--silent", f"-j{os.cpu_count()}", "install", cwd=source)
    keep_licenses(source, prefix / LICENSES / "libsodium")


def other_machine():
    """The kind of machine that the compiler makes Linux programs for, where it is not this one's, or None."""
    system, _, machine = os.environ.get("_PYTHON_HOST_PLATFORM", "").partition("-")
    return machine if system == "linux" and machine != os.uname().machine else None


def build_libzmq(source, prefix, scratch):
    """With the CURVE that libsodium does, and ready for optimisation across it and zmqbind."""
    options = {
        **LIBZMQ_OPTIONS,
        "CMAKE_INSTALL_PREFIX": prefix,
        "CMAKE_C_FLAGS": f"{os.environ.get('CFLAGS', '')} {hiding(scratch)}",
        "CMAKE_CXX_FLAGS": f"{os.environ.get('CXXFLAGS', '')} {hiding(scratch)}",
        "ENABLE_DRAFTS": "ON" if drafts() else "OFF",
        "SODIUM_INCLUDE_DIRS": prefix / "include",
        "SODIUM_LIBRARIES": prefix / "lib" / "libsodium.a",
    }
    for program in ("AR", "RANLIB"):  # unlike the compilers, CMake does not take these from the environment
        if program in os.environ:
            for name in (program, f"C_COMPILER_{program}", f"CXX_COMPILER_{program}"):
                options[f"CMAKE_{name}"] = shutil.which(os.environ[program]) or os.environ[program]
    if other_machine():
        options |= {"CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": other_machine()}
    if not toolchain.link_time_optimisation():
        options["CMAKE_INTERPROCEDURAL_OPTIMIZATION"] = "OFF"
    place = Path(scratch, "build")
    run("cmake", "-G", "Ninja", "-S", source, "-B", place, *(f"-D{name}={value}" for name, value in options.items()))
    run("cmake", "--build", place, "--target", "install")
    keep_licenses(source, prefix / LICENSES / "libzmq")


def hiding(scratch):
    """Flags that keep the libraries' names inside, and this build's own directory out of libzmq's messages."""
    return f"-g0 -fvisibility=hidden -ffile-prefix-map={scratch}/="


def keep_licenses(source, goal):
    """Copy the texts that a wheel has to carry on."""
    goal.mkdir(parents=True, exist_ok=True)
    for name in LICENSE_FILES:
        if (source / name).is_file():
            shutil.copy(source / name, goal / f"{name}.txt")


def run(*command, cwd=None):
    """Run a program; where it fails, show the end of what it printed and stop."""
    command = [str(word) for word in command]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    done = subprocess.run(command, cwd=cwd, env=toolchain.environment(), **output)
    if done.returncode:
        stop(f"{shlex.join(command[:4])} failed:", done.stdout.splitlines()[-30:])


def main(arguments):
    """The command; its exit status is 1 for a failure, NOT_DOWNLOADED for one that other sources may help against."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.exit("usage: python -m buildtools.bundle PREFIX")
    try:
        print(f"libzmq and libsodium are in {build(arguments[0])}")
    except DownloadFailed as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_DOWNLOADED)


if __name__ == "__main__":
    main(sys.argv[1:])
