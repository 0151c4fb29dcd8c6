"""Runs cases in interleaved rounds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .processes import WorkerFailed

MINIMUM_COUNT = 100  # repetitions; fewer make no 99th percentile
MINIMUM_OF_LARGE = 10  # of messages of which a hundred would take too long
LARGE = 1_000_000  # bytes
MAXIMUM_COUNT = 50_000_000


@dataclass
class Results:
    """What has been measured so far."""

    cases: list
    samples: dict = field(default_factory=dict)  # by case and library; a list by round, which ends where it failed
    failures: list[str] = field(default_factory=list)
    rounds: int = 0  # complete ones
    interrupted: bool = False

    def __post_init__(self):
        for case in self.cases:
            self.samples[case] = {library: [] for library in case.libraries}


def calibrate(measure, target, minimum=MINIMUM_COUNT):
    """Find how many repetitions take `target` seconds, by runs that grow until one tells enough."""
    count = minimum
    while True:
        seconds = measure(count)["seconds"]
        if seconds >= target / 5 or count >= MAXIMUM_COUNT:
            wanted = count * target / max(seconds, 1e-9)
            return int(min(max(wanted, minimum), MAXIMUM_COUNT))
        growth = target / 3 / max(seconds, 1e-9)  # aims beyond the fifth; never leaps, for short runs mislead
        count = int(min(count * min(max(growth, 2), 20), MAXIMUM_COUNT))


def order(libraries, turn):
    """The libraries, each one the first in its turn."""
    shift = turn % len(libraries)
    return libraries[shift:] + libraries[:shift]


class Runner:
    """Measures cases round by round; every round asks every library once, one right after the other.

    measure: (case, library, count) -> sample. seconds: what one measurement is to take. advance: called with what is
    measured now, for progress. new_round: called with the number of each, before it; 0 is the calibration.
    """

    def __init__(self, cases, measure, seconds, advance, new_round):
        self.results = Results(cases)
        self._measure = measure
        self._seconds = seconds
        self._advance = advance
        self._new_round = new_round
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
                    self._run_one(number, case, library)
                except WorkerFailed as failure:
                    self.results.failures.append(f"{library}, {case.label}: {failure}")
                    self._counts.pop((case, library), None)

    def _run_one(self, number, case, library):
        if number == 0:
            self._counts[case, library] = case.fixed_count or self._calibrate(case, library)
        elif (case, library) in self._counts:  # else it has failed and would only fail again
            sample = self._measure(case, library, self._counts[case, library])
            self.results.samples[case][library].append(sample)

    def _calibrate(self, case, library):
        minimum = MINIMUM_OF_LARGE if case.size >= LARGE else MINIMUM_COUNT
        return calibrate(lambda count: self._measure(case, library, count), self._seconds, minimum)
