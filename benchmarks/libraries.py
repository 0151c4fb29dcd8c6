"""What is compared: zmqbind, its peers and the C baseline, as far as this machine has them."""

from __future__ import annotations

from dataclasses import dataclass

from . import baseline
from .processes import Worker, WorkerFailed, collect, python_command

OURS = "zmqbind"
LABELS = {"zmqbind": "zmqbind", "pyzmq": "PyZMQ", "zmq-anyio": "zmq-anyio", "c": "C"}
MODULES = {"zmqbind": "zmqbind", "pyzmq": "zmq", "zmq-anyio": "zmq_anyio"}
BLOCKING = ("zmqbind", "pyzmq", "c")  # have sockets that block


@dataclass(frozen=True)
class Library:
    """One thing that is measured."""

    name: str
    command: list[str]  # of its worker
    version: str | None  # None for C, which is libzmq itself
    libzmq: str


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
            found[name] = Library(name, command, versions["version"], versions["libzmq"])
    return found, absent


def having(libraries, names):
    """Those of the libraries that have one of these names."""
    return {name: library for name, library in libraries.items() if name in names}


def ask_version(command):
    """What a worker says it measures."""
    worker = Worker(command)
    try:
        worker.ask("version")
        return collect(worker)[0]
    finally:
        worker.stop()
