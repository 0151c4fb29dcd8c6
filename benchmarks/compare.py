"""`python -m benchmarks compare OLD NEW`: whether zmqbind became slower beyond noise."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from . import stats, text
from .cases import OURS
from .document import BadDocument, costs_by_round
from .libraries import LABELS

FEWEST_ROUNDS = 4  # of three, noise of 10 % alone puts one case in sixty beyond the interval
REFERENCES = ("c", "pyzmq", "zmq-anyio")  # peers that zmqbind's costs are divided by, the first there is


@dataclass(frozen=True)
class Change:
    """What became of one case: its cost, new by old, and the interval in which that lies."""

    label: str
    reference: str | None
    ratio: float
    low: float
    high: float

    def verdict(self, tolerance):
        """Whether it is worse or better by more than the tolerance (a share), for certain; else nothing."""
        if self.low > 1 + tolerance:
            return "slower"
        return "faster" if self.high < 1 / (1 + tolerance) else ""


def changes(old, new):
    """The changes of all cases that both results have with enough rounds."""
    for name, case in new.cases.items():
        before = old.cases.get(name)
        if before is None:
            continue
        reference = next((peer for peer in REFERENCES if measured(before, peer) and measured(case, peer)), None)
        was, now = (relative_costs(each, reference) for each in (before, case))
        if min(len(was), len(now)) >= FEWEST_ROUNDS and min(*was, *now) > 0:
            low, high = stats.ratio_interval(was, now)
            yield Change(full_label(case), reference, median(now) / median(was), low, high)


def full_label(case):
    """The label with the section, as labels are not told apart otherwise."""
    return case["label"] if case["section"] in ("throughput", "latency") else f"{case['section']}: {case['label']}"


def measured(case, library):
    """Whether a library has samples in a case."""
    return library in case["samples"]


def relative_costs(case, reference):
    """What zmqbind's costs were in each round, by those of the reference in the same round.

    What else the machine did then fell on both. Without a reference, the costs themselves.
    """
    if not measured(case, OURS):
        return []
    ours = costs_by_round(case["section"], case["samples"][OURS])
    if reference is None:
        return ours
    theirs = costs_by_round(case["section"], case["samples"][reference])
    return [our / their for our, their in zip(ours, theirs, strict=False) if their > 0]


def compare(old, new, tolerance):
    """Print what changed beyond noise; the exit status is 1 if anything became slower by more than so many per cent."""
    found = list(changes(old, new))
    if not found:
        raise BadDocument(f"the two results have no case in common that was measured in {FEWEST_ROUNDS} rounds")
    console = Console()
    told = [(change, change.verdict(tolerance / 100)) for change in found]
    slower = [change for change, verdict in told if verdict == "slower"]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for header in ("case", "by", "cost", "99 % interval", ""):
        table.add_column(header, no_wrap=True, justify="right" if header in ("cost", "99 % interval") else "left")
    for change, verdict in sorted(told, key=lambda each: -each[0].ratio):
        if verdict:
            interval = f"{text.digits(change.low)} to {text.digits(change.high)}"
            style = "red" if verdict == "slower" else "green"
            reference = LABELS.get(change.reference, "time")
            table.add_row(change.label, reference, f"x {text.digits(change.ratio)}", interval, verdict, style=style)
    if table.row_count:
        console.print(table)
    console.print(f"{len(found)} cases compared; slower by more than {tolerance:g} % beyond noise: {len(slower)}")
    return 1 if slower else 0
