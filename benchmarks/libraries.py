"""What is compared: zmqbind, its peers and the C baseline, as far as this machine has them."""

from __future__ import annotations

from dataclasses import dataclass

from . import baseline
from .processes import Worker, WorkerFailed, collect, python_command

LABELS = {"zmqbind": "zmqbind", "pyzmq": "PyZMQ", "pynng": "pynng", "zmq-anyio": "zmq-anyio", "c": "C"}
MODULES = {"zmqbind": "zmqbind", "pyzmq": "zmq", "pynng": "pynng", "zmq-anyio": "zmq_anyio"}


@dataclass(frozen=True)
class Library:
    """One thing that is measured."""

    name: str
    command: list[str]  # of its worker
    version: str | None  # None for C, which is libzmq itself
    engine: str  # the C library below it, with its version


def discover():
    """Return the libraries there are, by name, and the reasons why others are absent, by name."""
    found, absent = {}, {}
    for name in LABELS:
        try:
            command = [str(baseline.build())] if name == "c" else python_command(MODULES[name])
            versions = ask_version(command)
        except (baseline.NoBaseline, WorkerFailed) as reason:
            absent[name] = str(reason)
        else:
            found[name] = Library(name, command, versions["version"], versions["engine"])
    return found, absent


def ask_version(command):
    """What a worker says it measures."""
    worker = Worker(command)
    try:
        worker.ask("version")
        return collect(worker)[0]
    finally:
        worker.stop()
