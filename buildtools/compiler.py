"""Trials of the C compiler: whether it works, and whether a program compiles and links."""

import os
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from setuptools.errors import CompileError, LinkError

from .messages import stop

HOW_TO_INSTALL_COMPILER = """\
Install one and try again:
  Debian, Ubuntu   apt install gcc libc6-dev python3-dev
  Fedora, RHEL     dnf install gcc python3-devel
  macOS            xcode-select --install
  Windows          Build Tools for Visual Studio"""


class BuildError(Exception):
    """A trial program did not compile or link; the text is the compiler's own."""


def check_compiler(compiler):
    """Stop unless there is a C compiler that works, and Python's headers."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            objects = compile_program(compiler, directory, "int main(void) { return 0; }\n")
            link_program(compiler, directory, objects)
        except BuildError as error:
            problem = "zmqbind needs a C compiler and found none that works:"
            stop(problem, [str(error)], HOW_TO_INSTALL_COMPILER)
    if not any(Path(directory, "Python.h").is_file() for directory in compiler.include_dirs):
        reasons = [f"no Python.h in {directory}" for directory in compiler.include_dirs]
        stop("zmqbind needs Python's C headers:", reasons, HOW_TO_INSTALL_COMPILER)


def compile_program(compiler, directory, source, include_dirs=(), arguments=()):
    """Compile C source text; return the object files."""
    file = Path(directory, "probe.c")
    file.write_text(source)
    with quiet():
        return compiler.compile(
            [str(file)],
            output_dir=directory,
            include_dirs=list(include_dirs),
            extra_preargs=list(arguments),
        )


def link_program(compiler, directory, objects, **options):
    """Link object files, with the options of setuptools' link_executable, into a program that is thrown away."""
    with quiet():
        compiler.link_executable(objects, str(Path(directory, "probe")), **options)


@contextmanager
def quiet():
    """Keep what compilers write off the screen; where they fail, raise BuildError with its main line."""
    with tempfile.TemporaryFile() as output:
        sys.stdout.flush()
        sys.stderr.flush()
        saved = os.dup(1), os.dup(2)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        try:
            yield
        except (CompileError, LinkError) as error:
            output.seek(0)
            raise BuildError(main_line(output.read().decode(errors="replace")) or str(error)) from None
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in enumerate(saved, start=1):
                os.dup2(copy, number)
                os.close(copy)


def main_line(output):
    """The first line in a compiler's output that tells of an error, without its place, or nothing."""
    match = re.search(r"^.*\b(error:|cannot find|undefined).*$", output, re.MULTILINE)
    return re.sub(r"^\S*probe\.c:[\d:]* *", "", match[0]) if match else ""
