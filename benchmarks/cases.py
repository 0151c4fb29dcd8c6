"""Everything that is measured: one list, from which runs, tables, plots, curves and README follow."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

OURS = "zmqbind"
QUICK, STANDARD, FULL = "quick", "standard", "full"
EVERY = frozenset({QUICK, STANDARD, FULL})
LEVELS = tuple(sorted(EVERY))

ZEROMQ = ("zmqbind", "pyzmq", "c")
BINDINGS = ("zmqbind", "pyzmq")
BLOCKING = ("zmqbind", "pyzmq", "pynng", "c")

# Each a section of the results: what its rows are, and to which part of the suite (--only) it belongs.
SECTIONS = {
    "throughput": ("Throughput, push/pull", "streams"),
    "latency": ("Round trip, req/rep", "streams"),
    "operation": ("Operations, one process, inproc", "operations"),
    "loop": ("Event loops, one process", "loops"),
    "poller": ("Pollers: cost of a message, by sockets in the poll set", "curves"),
    "idle-loop": ("asyncio: cost of a message, by idle sockets on the loop", "curves"),
    "fan-out": ("Publishing over TCP: cost of a message received, by subscribers", "curves"),
    "connections": ("A ROUTER over TCP: cost of a request, by connections", "curves"),
    "io-threads": ("Four TCP connections, 1 KB: cost of a message, by io threads", "curves"),
    "memory": ("Resident memory", "memory"),
}
PARTS = tuple(dict.fromkeys(part for _, part in SECTIONS.values()))


@dataclass(frozen=True)
class Case:
    """One thing that is measured with every library that can do it."""

    section: str
    name: str  # in the workers
    size: int  # bytes in a message
    libraries: tuple[str, ...]
    transport: str | None = None
    number: int | None = None  # sockets, subscribers, connections or threads
    label: str = ""
    unit: str = "s"  # or "B"
    # What the ratio to a peer is to reach.
    targets: dict[str, float] = field(default_factory=dict, compare=False)
    levels: frozenset[str] = field(default=EVERY, compare=False)
    package: str | None = field(default=None, compare=False)  # that it needs
    fixed_count: int | None = field(default=None, compare=False)  # for what is not to be calibrated

    @property
    def id(self):
        """Its name in the results."""
        parts = (self.section, self.name, self.transport, f"{self.size}B", self.number)
        return "/".join(str(part) for part in parts if part is not None)


def size_text(size):
    """10 -> "10 B", 100000 -> "100 KB", 1000000 -> "1 MB"."""
    for factor, unit in ((1_000_000, "MB"), (1_000, "KB")):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} B"


# Streams

SIZES = {
    10: EVERY,
    100_000: EVERY,
    **dict.fromkeys((100, 1_000, 10_000), frozenset({STANDARD, FULL})),
    **dict.fromkeys((1, 1_000_000, 10_000_000), frozenset({FULL})),
}
TRANSPORTS = ("tcp", "ipc", "inproc")

# The issues ask for this: (section, transport, size): the peer's time by ours.
STREAM_TARGETS = {("throughput", "tcp", 10): {"pyzmq": 2.7, "c": 0.65}}


def streams():
    """Throughput and round trips over each transport, by message size."""
    for section, transport, size in itertools.product(("throughput", "latency"), TRANSPORTS, sorted(SIZES)):
        yield Case(
            section,
            "push-pull" if section == "throughput" else "req-rep",
            size,
            BLOCKING,
            transport,
            label=f"{transport} {section} {size_text(size)}",
            targets=STREAM_TARGETS.get((section, transport, size), {}),
            levels=SIZES[size],
        )


# Operations

# (name in the workers, size, label, libraries, targets)
OPERATIONS = (
    ("send-recv", 10, "send+recv 10 B", BLOCKING, {"pyzmq": 2.8, "c": 0.8}),
    ("send-recv", 1_000, "send+recv 1000 B", BLOCKING, {"pyzmq": 2.2}),
    ("send-recv", 100_000, "send+recv 100 KB", BLOCKING, {"pyzmq": 1.5}),
    ("send-recv", 1_000_000, "send+recv 1 MB", BLOCKING, {"pyzmq": 8}),
    ("nocopy", 10, "copy=False 10 B", ZEROMQ, {"pyzmq": 3, "c": 0.2}),
    ("nocopy", 100_000, "copy=False 100 KB", ZEROMQ, {"pyzmq": 15, "c": 0.2}),
    ("nocopy", 1_000_000, "copy=False 1 MB", ZEROMQ, {"pyzmq": 15, "c": 0.2}),
    ("pyobj", 10_000_000, "array 10 MB, ipc", BINDINGS, {"pyzmq": 3}),
    ("multipart", 10, "multipart 3 x 10 B", ZEROMQ, {"pyzmq": 6}),
    ("string", 10, "string 10 B", BINDINGS, {"pyzmq": 3}),
    ("getsockopt", 10, "getsockopt(LINGER)", ZEROMQ, {"pyzmq": 3}),
    ("get", 10, "get(LINGER)", BINDINGS, {"pyzmq": 3}),
    ("attribute", 10, "socket.linger", BINDINGS, {"pyzmq": 5}),
    ("poll-ready", 10, "Poller, 1 ready", ZEROMQ, {"pyzmq": 3}),
    ("poll-idle", 10, "Poller, 100 idle", ZEROMQ, {"pyzmq": 3}),
    ("socket-poll", 10, "Socket.poll(0)", ZEROMQ, {"pyzmq": 4}),
)
IMPORTS = 5  # imports in each round


def operations():
    """One call, or a send and its recv; an import; and a stream in batches, which only zmqbind has."""
    for name, size, label, libraries, targets in OPERATIONS:
        number = 100 if name == "poll-idle" else None
        yield Case("operation", name, size, libraries, number=number, label=label, targets=targets)
    importing = (*BINDINGS, "pynng")
    yield Case("operation", "import", 0, importing, label="import", targets={"pyzmq": 2}, fixed_count=IMPORTS)
    yield Case("operation", "batch", 10, BLOCKING, "tcp", label="tcp batches 10 B", targets={"c": 0.85})


# Event loops

# name in the workers: (label, peer, package)
LOOPS = {
    "asyncio": ("asyncio", "pyzmq", None),
    "uvloop": ("uvloop", "pyzmq", "uvloop"),
    "anyio-asyncio": ("anyio, asyncio", "zmq-anyio", "anyio"),
    "anyio-trio": ("anyio, trio", "zmq-anyio", "trio"),
    "gevent": ("gevent", "pyzmq", "gevent"),
}
AWAITED = {
    "send-recv": "send+recv 10 B",
    "multipart": "multipart 3 x 10 B",
    "stream": "TCP push/pull 10 B",
    "round-trip": "TCP req/rep 10 B",
}
# The peer's time by ours, as the issue asks for: what is measured is what has one, and a stream for all.
LOOP_TARGETS = {
    "asyncio": {"send-recv": 12, "multipart": 12, "stream": 10, "round-trip": 1.1},
    "uvloop": {"send-recv": 12, "multipart": 12, "stream": 10, "round-trip": 1.1},
    "anyio-asyncio": {"send-recv": 10, "stream": None},
    "anyio-trio": {"send-recv": 10, "stream": None},
    "gevent": {"send-recv": 3, "stream": None},
}


def loops():
    """zmqbind beside its peer on the same loop."""
    for loop, (label, peer, package) in LOOPS.items():
        for name, target in LOOP_TARGETS[loop].items():
            targets = {peer: target} if target else {}
            title = f"{label}: {AWAITED[name]}"
            yield Case("loop", f"{loop}:{name}", 10, (OURS, peer), label=title, targets=targets, package=package)


# Curves: how the cost grows with a number

# section: (name in the workers, size, transport, libraries, numbers, what the number is of)
CURVES = {
    "poller": (
        ("poll-recv", 10, None, ZEROMQ, (1, 10, 100, 300, 1000), "sockets, one ready"),
        ("poll-idle", 10, None, ZEROMQ, (1, 10, 100, 300, 1000), "idle sockets"),
    ),
    "idle-loop": (("asyncio:wake", 10, None, BINDINGS, (1, 10, 100, 300, 1000), "idle sockets"),),
    "fan-out": (("xpub-sub", 10, "tcp", ZEROMQ, (1, 3, 10, 30, 100), "subscribers"),),
    "connections": (("router-dealer", 10, "tcp", ZEROMQ, (1, 10, 100, 300, 1000), "connections"),),
    "io-threads": (("threads", 1_000, "tcp", ZEROMQ, (1, 2, 4), "io threads"),),
}


def curves():
    """The cost of a message by the number of sockets, subscribers, connections or threads."""
    for section, of_section in CURVES.items():
        for name, size, transport, libraries, numbers, what in of_section:
            for number in numbers:
                levels = frozenset({QUICK, FULL}) if number == numbers[1] else frozenset({FULL})
                label = f"{what}: {number}"
                yield Case(section, name, size, libraries, transport, number, label=label, levels=levels)


def memory():
    """Bytes for a socket, and for a queued message. Linux tells."""
    full = frozenset({QUICK, FULL})
    for name, size, count, label, libraries in (
        ("sockets", 0, 500, "an open socket", ZEROMQ),
        ("messages", 10, 100_000, "a queued message, 10 B", ZEROMQ),
        ("messages", 1_000, 20_000, "a queued message, 1000 B", ZEROMQ),
    ):
        yield Case("memory", name, size, libraries, label=label, unit="B", levels=full, fixed_count=count)


ALL = (*streams(), *operations(), *loops(), *curves(), *memory())


def missing_packages():
    """What is not installed and only some cases need, by package, and why it is absent."""
    packages = dict.fromkeys(case.package for case in ALL if case.package)
    missing = {name: f"no module named {name!r}" for name in packages if not find_spec(name)}
    if not Path("/proc/self/statm").exists():
        missing["memory"] = "this system does not tell in /proc how much a process has"
    return missing


def choose(level, parts, libraries):
    """The cases of a run that can be measured here, with the libraries there are."""
    missing = missing_packages()
    chosen = []
    for case in ALL:
        if level not in case.levels or case.package in missing or case.section in missing:
            continue
        able = tuple(name for name in libraries if name in case.libraries)
        if SECTIONS[case.section][1] in parts and able:
            once = 1 if level == QUICK and case.name == "import" else case.fixed_count  # each starts two interpreters
            chosen.append(replace(case, libraries=able, fixed_count=once))
    return chosen
