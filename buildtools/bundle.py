"""Builds libzmq and libsodium as static libraries, for a zmqbind that needs neither on the machine it runs on.

`ZMQBIND_LIBZMQ=bundled pip install .` does it in passing. `python -m buildtools.bundle PREFIX` does it once for many
builds, which then take `ZMQBIND_LIBZMQ=PREFIX`.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from .messages import stop
from .sources import LIBSODIUM, LIBZMQ

DRAFTS = "ZMQBIND_LIBZMQ_DRAFTS"
RECORD = "share/zmqbind.json"  # in the prefix: what was built, and the flags that programs linked to it want
LICENSES = "share/licenses"
LICENSE_FILES = ("LICENSE", "COPYING", "COPYING.LESSER")

# Beside a C and a C++ compiler; those that PyPI has come with a build from an sdist.
PROGRAMS_FROM_PYPI = {"cmake": "cmake>=3.16", "ninja": "ninja", "pkg-config": "pkgconf"}
PROGRAMS = ["make", *PROGRAMS_FROM_PYPI]

COMPILERS = ["CC", "CXX", "AR", "RANLIB", "CFLAGS", "CXXFLAGS", "LDFLAGS"]  # variables that name them

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
    prefix = Path(prefix).absolute()
    wanted = {"inputs": inputs(), "lto": link_time_optimisation()}
    if read_record(prefix) == wanted:
        return prefix
    check_programs()
    with tempfile.TemporaryDirectory(prefix="zmqbind-") as scratch:
        libzmq, libsodium = LIBZMQ.unpack(scratch), LIBSODIUM.unpack(scratch)
        shutil.rmtree(prefix, ignore_errors=True)
        build_libsodium(libsodium, prefix, scratch)
        build_libzmq(libzmq, prefix, scratch)
    (prefix / RECORD).write_text(json.dumps(wanted))
    return prefix


def read_record(prefix):
    """What build() noted in a prefix, or None where it has not been, or did not finish."""
    try:
        return json.loads(Path(prefix, RECORD).read_text())
    except FileNotFoundError:
        return None


def inputs():
    """All that decides what comes out."""
    variables = [
        "CC",
        "CXX",
        "AR",
        "RANLIB",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "ARCHFLAGS",
        "MACOSX_DEPLOYMENT_TARGET",
        DRAFTS,
    ]
    return {
        "sources": [LIBZMQ.identity(), LIBSODIUM.identity()],
        "environment": {name: os.environ[name] for name in variables if name in os.environ},
        "platform": sysconfig.get_platform(),
        "recipe": Path(__file__).read_text(),
    }


def check_programs():
    """Stop where a program is missing."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
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
        "ENABLE_DRAFTS": "ON" if os.environ.get(DRAFTS, "0") not in ("", "0") else "OFF",
        "SODIUM_INCLUDE_DIRS": prefix / "include",
        "SODIUM_LIBRARIES": prefix / "lib" / "libsodium.a",
    }
    for program in ("AR", "RANLIB"):  # unlike the compilers, CMake does not take these from the environment
        if program in os.environ:
            for name in (program, f"C_COMPILER_{program}", f"CXX_COMPILER_{program}"):
                options[f"CMAKE_{name}"] = shutil.which(os.environ[program]) or os.environ[program]
    if other_machine():
        options |= {"CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": other_machine()}
    if not link_time_optimisation():
        options["CMAKE_INTERPROCEDURAL_OPTIMIZATION"] = "OFF"
    place = Path(scratch, "build")
    run("cmake", "-G", "Ninja", "-S", source, "-B", place, *(f"-D{name}={value}" for name, value in options.items()))
    run("cmake", "--build", place, "--target", "install")
    keep_licenses(source, prefix / LICENSES / "libzmq")


def hiding(scratch):
    """Flags that keep the libraries' names inside, and this build's own directory out of libzmq's messages."""
    return f"-g0 -fvisibility=hidden -ffile-prefix-map={scratch}/="


def link_time_optimisation():
    """The flags for optimisation across zmqbind and libzmq: of Clang, of GCC, or none where neither works."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    for flag in ("-flto=thin", "-flto=auto"):
        trial = [*compiler, flag, "-x", "c", "-", "-o", os.devnull]
        if not subprocess.run(trial, input=b"int main(void) { return 0; }", capture_output=True).returncode:
            return [flag]
    return []


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
    done = subprocess.run(command, cwd=cwd, **output)
    if done.returncode:
        stop(f"{shlex.join(command[:4])} failed:", done.stdout.splitlines()[-30:])


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m buildtools.bundle PREFIX")
    print(f"libzmq and libsodium are in {build(sys.argv[1])}")
