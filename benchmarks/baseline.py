"""Compiles the C baseline against the libzmq that zmqbind is built with."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "benchmarks" / "c").glob("*.[ch]"))
PROGRAM = ROOT / "build" / "bench" / "baseline"


class NoBaseline(Exception):
    """The C program cannot be built; the text says why."""


def build(program=PROGRAM):
    """Compile the C program if its sources or the way to compile it have changed; return its path."""
    command = compile_command()
    stamp = program.with_suffix(".command")
    if not is_current(program, stamp, command):
        program.parent.mkdir(parents=True, exist_ok=True)
        compile_to(program, command)
        stamp.write_text(shlex.join(command))
    return program


def compile_command():
    """The compiler, its flags and the sources, without the output."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    sources = [str(source) for source in SOURCES if source.suffix == ".c"]
    found = find_libzmq()
    return [
        *compiler,
        "-O2",
        "-std=gnu11",
        *found.compile_args,
        *(f"-I{directory}" for directory in found.include_dirs),
        *sources,
        *(f"-L{directory}" for directory in found.library_dirs),
        *(f"-Wl,-rpath,{directory}" for directory in found.runtime_library_dirs),
        *(f"-l{library}" for library in found.libraries),
        *found.link_args,
    ]


def find_libzmq():
    """Where libzmq is, found as setup.py finds it."""
    try:
        from buildtools import libzmq  # needs setuptools

        prefix = os.environ.get(libzmq.VARIABLE)
        if prefix:
            return libzmq.from_prefix(prefix)
        try:
            return libzmq.from_pkg_config()
        except libzmq.NotUsable:
            return libzmq.from_default_paths()
    except ImportError as error:
        raise NoBaseline(str(error)) from None
    except SystemExit as error:  # how the build stops; its first line says what is wrong
        raise NoBaseline(str(error).strip().partition("\n")[0]) from None


def is_current(program, stamp, command):
    """Whether the program need not be compiled again."""
    try:
        built = program.stat().st_mtime
        return stamp.read_text() == shlex.join(command) and all(s.stat().st_mtime <= built for s in SOURCES)
    except FileNotFoundError:
        return False


def compile_to(program, command):
    """Compile beside the program and move it there, so that no run in parallel sees half of it."""
    with tempfile.TemporaryDirectory(dir=program.parent) as directory:
        output = Path(directory, program.name)
        try:
            done = subprocess.run([*command, "-o", str(output)], capture_output=True, text=True)
        except OSError as error:
            raise NoBaseline(f"no C compiler: {error.strerror}: {error.filename}") from None
        if done.returncode:
            lines = done.stderr.splitlines()
            raise NoBaseline(next((line for line in lines if "error" in line), "the compiler failed"))
        output.replace(program)
