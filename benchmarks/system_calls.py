"""How many system calls a message costs, counted by strace: evidence of what limits a stream."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from .cases import OURS
from .measuring import Measurer
from .processes import Pool, WorkerFailed

# Cases that are counted, and the messages of the shorter of two runs, whose difference counts: so what only happens
# once does not.
COUNTED = {
    "throughput/push-pull/tcp/10B": 20_000,
    "throughput/push-pull/tcp/1000B": 5_000,
    "throughput/push-pull/tcp/100000B": 300,
    "throughput/push-pull/tcp/10000000B": 10,
    "throughput/push-pull/ipc/10B": 20_000,
    "throughput/push-pull/ipc/100000B": 300,
    "poller/poll-recv/10B/1": 1_000,
    "poller/poll-recv/10B/1000": 1_000,
    "idle-loop/asyncio:wake/10B/1": 500,
    "idle-loop/asyncio:wake/10B/1000": 500,
    "fan-out/xpub-sub/tcp/10B/1": 5_000,
    "fan-out/xpub-sub/tcp/10B/100": 5_000,
    "connections/router-dealer/tcp/10B/1": 2_000,
    "connections/router-dealer/tcp/10B/300": 2_000,
    "io-threads/threads/tcp/1000B/1": 5_000,
    "io-threads/threads/tcp/1000B/4": 5_000,
}


class TracedPool(Pool):
    """Workers whose system calls are counted."""

    def __init__(self, directory):
        super().__init__()
        self._directory = Path(directory)

    def get(self, role, command):
        """The worker of a role."""
        path = self._directory / f"{role}.calls"
        return super().get(role, ["strace", "-f", "-c", "-U", "calls,name", "-o", str(path), *command])

    def total(self):
        """End the workers, and return how many calls of each kind they made."""
        self.finish()
        calls = Counter()
        for path in self._directory.glob("*.calls"):
            calls.update(parse(path.read_text()))
        return calls


def parse(report):
    """The calls in a report of strace's, by name."""
    lines = (line.split() for line in report.splitlines())
    counts = {words[1]: int(words[0]) for words in lines if len(words) == 2 and words[0].isdigit()}
    counts.pop("total", None)
    return counts


def count(chosen, libraries):
    """System calls for each message, by id of the case and name of the call; empty where strace does not work."""
    if not shutil.which("strace") or OURS not in libraries:
        return {}
    try:
        return {case.id: count_one(case, libraries) for case in chosen if case.id in COUNTED and OURS in case.libraries}
    except WorkerFailed:  # strace may not be allowed to trace
        return {}


def count_one(case, libraries):
    """The same for one case."""
    messages = COUNTED[case.id]
    few, many = (run(case, libraries, messages * times) for times in (1, 2))
    each = {name: (many[name] - few[name]) / messages for name in many}
    return {name: float(f"{calls:.3g}") for name, calls in sorted(each.items()) if calls >= 0.001}


def run(case, libraries, messages):
    """All calls of a run with so many messages."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory, TracedPool(directory) as pool:
        Measurer(libraries, pool, directory).measure(case, OURS, messages)
        return pool.total()
