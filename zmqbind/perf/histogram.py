"""Times of round trips, as HdrHistograms of nanoseconds with three significant digits."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Iterable
from typing import Any

LONGEST = 3_600_000_000_000  # ns; what takes longer counts as that
DIGITS = 3
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}


def _class() -> Any:
    with warnings.catch_warnings():
        # Free-threaded Python switches the GIL on for it, and says so. docs/perf.md says what to do.
        warnings.filterwarnings("ignore", "The global interpreter lock", RuntimeWarning)
        from hdrh.histogram import HdrHistogram
    return HdrHistogram


def new() -> Any:
    return _class()(1, LONGEST, DIGITS)


def record(histogram: Any, times: array[int]) -> None:
    add = histogram.record_value
    for time in times:
        if not add(time):
            add(min(max(time, 1), LONGEST))


def encode(histogram: Any) -> str:
    """As text, in the format that the HdrHistograms of all languages read."""
    text: bytes = histogram.encode()
    return text.decode()


def merge(texts: Iterable[str]) -> Any:
    """One histogram of all the times in some that were encoded."""
    merged = new()
    for text in texts:
        merged.decode_and_add(text.encode())
    return merged


def percentiles(histogram: Any) -> dict[str, float]:
    """Microseconds."""
    found = {name: histogram.get_value_at_percentile(percent) / 1000 for name, percent in PERCENTILES.items()}
    return {**found, "max": histogram.get_max_value() / 1000}


def curve(histogram: Any) -> list[tuple[float, float]]:
    """(part of the round trips, 0 to 1; microseconds within which they were answered), up to all but one of them."""
    count = histogram.get_total_count()
    points = []
    rest = 1.0
    while rest * count >= 1:
        points.append((1 - rest, histogram.get_value_at_percentile(100 * (1 - rest)) / 1000))
        rest /= 10**0.05
    return points
