"""Runs cases in interleaved rounds, and what to make of the samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from .libraries import OURS
from .processes import WorkerFailed

MINIMUM_COUNT = 100  # repetitions; fewer make no 99th percentile
MAXIMUM_COUNT = 50_000_000


@dataclass(frozen=True)
class Case:
    """One thing that is measured with every library that can do it."""

    section: str  # "throughput", "latency", "operation" or "loop"
    name: str
    size: int  # bytes in a message
    libraries: tuple[str, ...]
    measure: Callable[[str, int], dict] = field(compare=False)  # (library, count) -> sample
    transport: str | None = None
    label: str = ""
    targets: dict[str, float] = field(default_factory=dict, compare=False)  # what the ratio to a peer is to reach
    fixed_count: int | None = None  # for what is not to be calibrated


@dataclass
class Results:
    """What has been measured so far."""

    cases: list[Case]
    samples: dict[Case, dict[str, list[dict]]] = field(default_factory=dict)  # by round; ends where it failed
    failures: list[str] = field(default_factory=list)
    rounds: int = 0  # complete ones
    interrupted: bool = False

    def __post_init__(self):
        for case in self.cases:
            self.samples[case] = {library: [] for library in case.libraries}

    def median(self, case, library, what):
        """Median over the rounds of one field of the samples, or None."""
        values = [sample[what] for sample in self.samples[case].get(library, ())]
        return median(values) if values else None

    def rate(self, case, library):
        """Messages or calls per second, or None."""
        values = [s["count"] / s["seconds"] for s in self.samples[case].get(library, ()) if s["seconds"] > 0]
        return median(values) if values else None

    def ratio(self, case, peer):
        """The peer's time by our time, each the median of its rounds, or None; above 1 we are faster.

        The median of the ratios in each round would sway more: what disturbs a stream lasts for less than a round.
        """
        ours, theirs = (
            [cost(case, sample) for sample in self.samples[case].get(library, ())] for library in (OURS, peer)
        )
        return median(theirs) / median(ours) if ours and theirs and median(ours) > 0 else None


def cost(case, sample):
    """The time by which a case is judged."""
    return sample["p50_us"] if case.section == "latency" else sample["seconds"] / sample["count"]


def calibrate(measure, target):
    """Find how many repetitions take `target` seconds, by runs that grow until one tells enough."""
    count = MINIMUM_COUNT
    while True:
        seconds = measure(count)["seconds"]
        if seconds >= target / 5 or count >= MAXIMUM_COUNT:
            wanted = count * target / max(seconds, 1e-9)
            return int(min(max(wanted, MINIMUM_COUNT), MAXIMUM_COUNT))
        growth = target / 3 / max(seconds, 1e-9)  # aims beyond the fifth; never leaps, for short runs mislead
        count = int(min(count * min(max(growth, 2), 20), MAXIMUM_COUNT))


def order(libraries, turn):
    """The libraries, each one the first in its turn."""
    shift = turn % len(libraries)
    return libraries[shift:] + libraries[:shift]


class Runner:
    """Measures cases round by round; every round asks every library once, one right after the other."""

    def __init__(self, cases, seconds, advance, new_round):
        self.results = Results(cases)
        self._seconds = seconds  # that one measurement is to take
        self._advance = advance  # called as advance(what is measured now) for progress
        self._new_round = new_round  # called as new_round(number) before each; 0 is the calibration
        self._counts = {}

    def steps(self, rounds):
        """How often `advance` is called in so many rounds."""
        return (rounds + 1) * sum(len(case.libraries) for case in self.results.cases)

    def run(self, rounds, deadline=float("inf")):
        """Calibrate, then run so many rounds, or fewer to end by `deadline` (on time.monotonic's clock).

        Ctrl-C ends it too, with what has been measured by then.
        """
        longest = 0.0
        try:
            for number in range(rounds + 1):
                start = time.monotonic()
                if number > 1 and start + longest > deadline:
                    break
                self._new_round(number)
                self._run_round(number)
                self.results.rounds = number
                longest = max(longest, time.monotonic() - start)
        except KeyboardInterrupt:
            self.results.interrupted = True
        return self.results

    def _run_round(self, number):
        for position, case in enumerate(self.results.cases):
            for library in order(case.libraries, number + position):
                self._advance(f"{case.label}, {library}")
                try:
                    self._measure(number, case, library)
                except WorkerFailed as failure:
                    self.results.failures.append(f"{library}, {case.label}: {failure}")
                    self._counts.pop((case, library), None)

    def _measure(self, number, case, library):
        if number == 0:
            if case.fixed_count:
                self._counts[case, library] = case.fixed_count
            else:
                self._counts[case, library] = calibrate(lambda n: case.measure(library, n), self._seconds)
        elif (case, library) in self._counts:  # else it has failed and would only fail again
            self.results.samples[case][library].append(case.measure(library, self._counts[case, library]))
