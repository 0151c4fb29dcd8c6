"""Which plots show what was measured; the first one is the one for --plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from . import histogram, table
from .plot import Axis, Series, draw
from .results import Results
from .settings import Case
from .units import size_text, tick

LINES = 7  # in one plot at most
NINES = (0.0, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)


@dataclass(frozen=True)
class Picture:
    """One plot, before it is drawn."""

    title: str
    x: Axis
    y: Axis
    series: list[Series]

    def draw(self, **colours: str) -> Any:
        return draw(self.title, self.x, self.y, self.series, **colours)


def pictures(results: Results) -> list[Picture]:
    """All that there is to see; empty when nothing has been measured."""
    if not results.measured:
        return []
    return list(of_latency(results) if results.settings.command == "latency" else of_throughput(results))


def size_axis(results: Results) -> Axis:
    sizes = sorted({case.size for case in results.measured})
    ticks = sizes if len(sizes) < 8 else ()
    return Axis("message size", lambda size, _: size_text(size), ticks=ticks, from_zero=sizes[0] == 0)


def by_size(results: Results, value: Callable[[dict[str, Any]], Any]) -> list[Series]:
    """A line for each API. value: what to show of a summary; None is left out."""
    lines = []
    for api in results.settings.apis:
        points = [
            (case.size, shown)
            for case in sorted((case for case in results.measured if case.api == api), key=lambda case: case.size)
            if (shown := value(results.summary(case))) is not None
        ]
        lines.append(Series(api, points))
    return [line for line in lines if line.points]


def of_throughput(results: Results) -> Iterator[Picture]:
    size, what, setting = size_axis(results), table.what(results), table.setting(results)
    rates = by_size(results, lambda row: row["rate"])
    spreads = by_size(results, lambda row: (row["rate_min"], row["rate_max"]))
    lines = [
        replace(line, spread=[pair for _, pair in spread.points])  # type: ignore[misc]
        for line, spread in zip(rates, spreads, strict=True)
    ]
    yield Picture(f"{what.capitalize()} per second, {setting}", size, Axis(f"{what} per second", tick), lines)
    if any(case.size for case in results.measured):
        volumes = by_size(results, lambda row: row["bytes_per_second"] or None)
        yield Picture(f"Bytes per second, {setting}", size, Axis("bytes per second", tick), volumes)
    cpu = by_size(results, lambda row: sum(known) if (known := known_cpu(row)) else None)
    if cpu:
        axis = Axis(f"CPU seconds per million {what}", tick)
        yield Picture(f"CPU time of both ends, {setting}", size, axis, cpu)
    if results.settings.pattern == "pub-sub":
        lost = by_size(results, lambda row: 100 * row["lost"] / row["sent"] if row["sent"] else None)
        yield Picture(f"Messages lost, {setting}", size, Axis("% of the messages sent", tick, log=False), lost)


def known_cpu(row: dict[str, Any]) -> list[float]:
    values = [row["cpu"][end] for end in ("bind", "connect")]
    return [] if None in values else values


def of_latency(results: Results) -> Iterator[Picture]:
    for cases in groups(results):
        is_part = len(cases) < len(results.measured)
        title = f"Round trips, {table.setting(results)}" + (f", {cases[0].api}" if is_part else "")
        percentile = Axis("percentile", nines_text, ticks=NINES_TICKS)
        curves = [
            Series(
                name(cases, case),
                [(1 / (1 - part), time) for part, time in histogram.curve(results.histogram(case))],
                marked=False,
            )
            for case in cases
        ]
        yield Picture(title, percentile, Axis("round trip, µs", tick), curves)
    if len(results.settings.sizes) > 1:
        for percent in ("p50", "p99"):
            lines = by_size(results, lambda row: row["latency_us"][percent])  # noqa: B023  # called here
            yield Picture(
                f"{percent} of the round trips, {table.setting(results)}",
                size_axis(results),
                Axis("round trip, µs", tick),
                lines,
            )


# The axis is 1 / (1 - part of the round trips): each power of ten is one more nine.
NINES_TICKS = [1 / (1 - part) for part in NINES]


def nines_text(x: float, _position: object) -> str:
    return f"{100 * (1 - 1 / x):.6g} %"


def groups(results: Results) -> list[list[Case]]:
    """Cases that go into one plot: all of them, or those of one API where that would be too many."""
    if len(results.measured) <= LINES:
        return [results.measured]
    by_api = [[case for case in results.measured if case.api == api] for api in results.settings.apis]
    return [cases[:LINES] for cases in by_api if cases]


def name(cases: list[Case], case: Case) -> str:
    """What tells a case from the others."""
    sizes = {other.size for other in cases}
    parts = [case.api] if len({other.api for other in cases}) > 1 or len(sizes) == 1 else []
    return ", ".join([*parts, *([size_text(case.size)] if len(sizes) > 1 else [])])
