"""Throughput and latency: PUSH/PULL and REQ/REP over each transport, in sizes from 10 B to 100 KB."""

from __future__ import annotations

import itertools
from pathlib import Path

from .libraries import OURS
from .processes import WorkerFailed, collect
from .rounds import Case

SIZES = (10, 100, 1_000, 10_000, 100_000)  # bytes
TRANSPORTS = ("tcp", "ipc", "inproc")

# The issue asks for this: (section, transport, size): the peer's time by ours.
TARGETS = {("throughput", "tcp", 10): {"pyzmq": 2.7, "c": 0.5}}


def cases(libraries, pool, directory, sizes=SIZES):
    """All stream cases. `pool` holds the workers, `directory` the ipc endpoints."""
    measurer = Measurer(libraries, pool, directory)
    made = []
    for section, transport, size in itertools.product(("throughput", "latency"), TRANSPORTS, sizes):
        made.append(
            Case(
                section=section,
                name="push/pull" if section == "throughput" else "req/rep",
                transport=transport,
                size=size,
                libraries=tuple(libraries),
                measure=measurer.bind(section, transport, size),
                label=f"{transport} {section} {size} B",
                targets=TARGETS.get((section, transport, size), {}),
            )
        )
    return made


def batches(libraries, pool, directory):
    """Small messages over TCP, in batches where the binding has them."""
    return Case(
        section="operation",
        name="batch",
        transport="tcp",
        size=10,
        libraries=tuple(libraries),
        measure=Measurer(libraries, pool, directory).bind("batch", "tcp", 10),
        label="tcp batches 10 B",
        targets={"c": 0.7},
    )


class Measurer:
    """Has workers run one stream."""

    def __init__(self, libraries, pool, directory):
        self._libraries = libraries
        self._pool = pool
        self._directory = Path(directory)
        self._serial = itertools.count()

    def bind(self, section, transport, size):
        """A function (library, count) -> sample for one case."""

        def measure(library, count):
            try:
                if transport == "inproc":
                    return self._one_process(library, section, size, count)
                return self._two_processes(library, section, self._endpoint(transport), size, count)
            except WorkerFailed:
                self._pool.stop(f"{library} receiver")
                self._pool.stop(f"{library} sender")
                raise

        return measure

    def _endpoint(self, transport):
        """Where to bind: a port the system chooses, or a file nobody has used yet."""
        return "tcp://127.0.0.1:*" if transport == "tcp" else f"ipc://{self._directory}/{next(self._serial)}"

    def _worker(self, library, role):
        return self._pool.get(f"{library} {role}", self._libraries[library].command)

    def _one_process(self, library, section, size, count):
        worker = self._worker(library, "receiver")
        worker.ask(section, "inproc", size, count)
        return collect(worker)[0]

    def _two_processes(self, library, section, endpoint, size, count):
        receiver, sender = self._worker(library, "receiver"), self._worker(library, "sender")
        batch = "-batch" if section == "batch" and library == OURS else ""
        receiver.ask("rep" if section == "latency" else f"pull{batch}", endpoint, size, count)
        bound = collect(receiver)[0]["endpoint"]
        sender.ask("req" if section == "latency" else f"push{batch}", bound, size, count)
        of_receiver, of_sender = collect(receiver, sender)
        for worker in (receiver, sender):
            worker.ask()  # both are done and may close
        return of_sender if section == "latency" else of_receiver
