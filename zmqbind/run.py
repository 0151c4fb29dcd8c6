"""``zmqbind run``: a Python program, and the Python processes that it starts, with zmqbind for their zmq.

The program is run by Python itself, in place of this process, with a zmq in front of its path that becomes zmqbind.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

USAGE = "zmqbind run (SCRIPT | -m MODULE) [ARG ...]"
DESCRIPTION = "Run a Python program, and the Python processes that it starts, with zmqbind in the place of PyZMQ."
DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_run")


def run(arguments: Sequence[str]) -> int:
    """Run `python ARGUMENTS` with the options of this Python. Return the exit status, where the program can't replace
    this process. Raises ValueError if there is no program, or if it would not see PYTHONPATH.
    """
    if not arguments or arguments == ["-m"] or (arguments[0].startswith("-") and arguments[0] != "-m"):
        raise ValueError(f"usage: {USAGE}; Python's own options go before it: python -X dev -m zmqbind run")
    if sys.flags.ignore_environment:
        raise ValueError("Python's options -E and -I keep the program from finding zmqbind as zmq")
    command = [sys.executable, *_python_options(), *arguments]
    environment = {**os.environ, "PYTHONPATH": _path(os.environ.get("PYTHONPATH", ""))}
    if os.name == "nt":  # where a process that is replaced looks to its parent as if it had ended
        import subprocess

        return subprocess.call(command, env=environment)
    os.execve(sys.executable, command, environment)


def _python_options() -> list[str]:
    """The options that this Python was started with: all between its own name and that of the program."""
    options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
    program = options.pop()
    if sys.modules["__main__"].__spec__ is None:  # a script
        return options
    # -m zmqbind, where the m may come behind other letters, and the name in the same word.
    last = program.removesuffix("zmqbind") if program.startswith("-") else options.pop()
    return options if last == "-m" else [*options, last.removesuffix("m")]


def _path(others: str) -> str:
    """PYTHONPATH with the directory in front."""
    entries = [entry for entry in others.split(os.pathsep) if entry != DIRECTORY] if others else []
    return os.pathsep.join([DIRECTORY, *entries])
