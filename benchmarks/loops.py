"""Event loops: zmqbind beside its peer on the same loop, all in one process."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from .libraries import MODULES, OURS
from .processes import python_command
from .rounds import Case


@dataclass(frozen=True)
class Loop:
    """An event loop, and who else has sockets for it."""

    name: str  # in python/loops.py
    label: str
    peer: str
    package: str | None = None  # what it needs


LOOPS = (
    Loop("asyncio", "asyncio", "pyzmq"),
    Loop("uvloop", "uvloop", "pyzmq", "uvloop"),
    Loop("anyio-asyncio", "anyio, asyncio", "zmq-anyio", "anyio"),
    Loop("anyio-trio", "anyio, trio", "zmq-anyio", "trio"),
    Loop("gevent", "gevent", "pyzmq", "gevent"),
)

OPERATIONS = {
    "send-recv": "send+recv 10 B",
    "multipart": "multipart 3 x 10 B",
    "stream": "TCP push/pull 10 B",
    "round-trip": "TCP req/rep 10 B",
}

# The peer's time by ours, as the issue asks for: what is measured is what has one, and a stream for all.
TARGETS = {
    "asyncio": {"send-recv": 12, "multipart": 12, "stream": 10, "round-trip": 1.1},
    "uvloop": {"send-recv": 12, "multipart": 12, "stream": 10, "round-trip": 1.1},
    "anyio-asyncio": {"send-recv": 10, "stream": None},
    "anyio-trio": {"send-recv": 10, "stream": None},
    "gevent": {"send-recv": 3, "stream": None},
}


def absent():
    """The loops that are not installed, by package, and why they are absent."""
    packages = dict.fromkeys(loop.package for loop in LOOPS if loop.package)
    return {name: f"no module named {name!r}" for name in packages if not find_spec(name)}


def cases(libraries, pool):
    """All operations on all loops there are, as cases."""
    missing = absent()
    return [
        loop_case(loop, name, target, libraries, pool)
        for loop in LOOPS
        if loop.package not in missing
        for name, target in TARGETS[loop.name].items()
    ]


def loop_case(loop, name, target, libraries, pool):
    """The case that measures one operation on one loop."""
    compared = tuple(library for library in libraries if library in (OURS, loop.peer))

    def measure(library, count):
        # One process for each loop: those who have imported gevent or trio may be slower.
        command = python_command(*(MODULES[each] for each in compared))
        job = ("loop", f"{loop.name}:{name}", 10, count, MODULES[library])
        return pool.measure(f"{loop.name} loop", command, *job)

    return Case(
        section="loop",
        name=f"{loop.name}:{name}",
        size=10,
        libraries=compared,
        measure=measure,
        label=f"{loop.label}: {OPERATIONS[name]}",
        targets={loop.peer: target} if target else {},
    )
