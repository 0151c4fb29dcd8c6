"""How the cost of a message grows with a number, and what limits it where."""

from __future__ import annotations

from dataclasses import dataclass

from . import document as results_of
from . import stats, text
from .cases import OURS, size_text

KERNEL_SHARE = 0.5  # of the processor time, from which on the kernel counts as the limit
LIBZMQ_SHARE = 0.8  # of zmqbind's time that C takes, from which on libzmq counts as the limit
FASTER_THAN_C = 1.5  # the same, from which on C is no limit: it copies what zmqbind lends, and polls every socket

# (section, name, transport, heading, what is on the axis, unit of the number)
KINDS = (
    *(
        ("throughput", "push-pull", transport, f"push/pull over {transport}, by message size", "message size", "byte")
        for transport in ("tcp", "ipc", "inproc")
    ),
    ("poller", "poll-recv", None, "poll and receive, by sockets in the set", "sockets, one ready", "socket"),
    ("poller", "poll-idle", None, "poll with nothing ready, by sockets in the set", "idle sockets", "socket"),
    ("idle-loop", "asyncio:wake", None, "waking a task of asyncio, by idle sockets", "idle sockets", "socket"),
    ("fan-out", "xpub-sub", "tcp", "messages received over TCP, by subscribers", "subscribers", "subscriber"),
    ("connections", "router-dealer", "tcp", "requests to a ROUTER over TCP", "connections", "connection"),
    ("io-threads", "threads", "tcp", "1 KB over four TCP connections, by io threads", "io threads", "thread"),
)


@dataclass(frozen=True)
class Curve:
    """The cost of a message, by library, against a number."""

    name: str
    heading: str
    axis: str
    unit: str
    by_size: bool
    cases: list[dict]  # by growing number
    system_calls: dict[str, dict[str, float]]

    def points(self, library):
        """Pairs of the number and the cost in seconds."""
        costs = ((self.number(case), results_of.cost(case, library)) for case in self.cases)
        return [(number, cost) for number, cost in costs if cost is not None]

    def number(self, case):
        """What is on the axis."""
        return case["size"] if self.by_size else case["number"]

    def number_text(self, case):
        """The same as text."""
        return size_text(case["size"]) if self.by_size else str(case["number"])

    def fit(self, library):
        """A straight line through the points, or None for less than three."""
        points = self.points(library)
        return stats.fit(*zip(*points, strict=True)) if len(points) > 2 else None

    def fit_text(self, library):
        """The line in words."""
        line = self.fit(library)
        if line is None:
            return text.NOTHING
        fixed, growing = text.cost(line.fixed, "s"), line.per_unit
        growth = f"{text.plain(growing * 1e9)} ns a {self.unit}"
        knee = f"; both equal at {text.plain(line.knee)}" if line.knee else ""
        return f"{fixed} + {growth}{knee} (off by {line.error:.0%})"

    def limits(self):
        """For each case what limits zmqbind there and why, as pairs."""
        return [limit(case) for case in self.cases]

    def limit_text(self):
        """From where on libzmq or the kernel is the limit, with the system calls that were counted."""
        limits = self.limits()
        last, evidence = limits[-1]
        if last not in ("the kernel", "libzmq"):
            return "no point from which on libzmq or the kernel is the limit" + self.calls_text()
        first = len(limits)
        while first and limits[first - 1][0] == last:
            first -= 1
        where = f"from {self.number_text(self.cases[first])} on" if first else "everywhere"
        return f"{last}, {where}: {evidence}{self.calls_text()}"

    def calls_text(self):
        """The system calls for a message in the first and the last case of which they were counted."""
        counted = [case for case in self.cases if self.system_calls.get(case["id"])]
        said = ""
        for case in counted[:1] + counted[1:][-1:]:
            calls = self.system_calls[case["id"]]
            most = ", ".join(f"{name} {calls[name]:.2g}" for name in sorted(calls, key=calls.get, reverse=True)[:2])
            said += f"; {sum(calls.values()):.2g} system calls a message at {self.number_text(case)} ({most})"
        return said


def limit(case):
    """What limits zmqbind in a case, and the evidence."""
    share = kernel_share(case, OURS)
    ours, in_c = results_of.cost(case, OURS), results_of.cost(case, "c")
    quotient = in_c / ours if ours and in_c else None
    if share is not None and share >= KERNEL_SHARE:
        return "the kernel", f"{share:.0%} of the processor time is spent there"
    if quotient is None:
        return "not known", "not measured in C"
    if quotient > FASTER_THAN_C:
        return "not known", "zmqbind does not do what the C program does"
    name = "libzmq" if quotient >= LIBZMQ_SHARE else "zmqbind"
    return name, f"C takes {quotient:.2f} of zmqbind's time"


def kernel_share(case, library):
    """The part of the processor time that is spent in the kernel, over all rounds, or None."""
    samples = case["samples"].get(library, {})
    user, system = sum(samples.get("user", ())), sum(samples.get("system", ()))
    return system / (user + system) if user + system else None


def curves(results):
    """All curves of which at least two points were measured."""
    made = []
    for section, name, transport, heading, axis, unit in KINDS:
        chosen = [
            case
            for case in results.section(section)
            if (case["name"], case["transport"]) == (name, transport) and OURS in case["cost"]
        ]
        if len(chosen) > 1:
            slug = "-".join(part for part in ("cost", section, transport if section == "throughput" else name) if part)
            made.append(
                Curve(
                    slug.replace(":", "-"),
                    heading,
                    axis,
                    unit,
                    section == "throughput",
                    sorted(chosen, key=lambda case: (case["size"], case["number"] or 0)),
                    results.document["system_calls"],
                )
            )
    return made
