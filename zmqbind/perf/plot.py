"""Plots of one message each, which can be told apart without colours, for files and for pages.

Nothing here knows what is measured: `draw` is for any series of points.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

# Okabe and Ito's colours, those that can be read on white and on black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
MARKERS = "osD^vPX"
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
# In an SVG for a page these become the page's own colours, so that one picture does for light and dark.
INK, GRID = "#010203", "#030201"
INCHES = (6.4, 4.0)


@dataclass(frozen=True)
class Series:
    """One line. points: (x, y); spread: (lowest y, highest y) for each point, or nothing."""

    label: str
    points: Sequence[tuple[float, float]]
    spread: Sequence[tuple[float, float]] = ()
    marked: bool = True  # whether the points are shown, not only the line


@dataclass(frozen=True)
class Axis:
    """label: with the unit. text: how a number is written. ticks: where, if not at powers of ten.

    from_zero: of a logarithmic one, whether 0 is on it too, one power of ten below 1.
    """

    label: str
    text: Callable[[float, Any], str]
    log: bool = True
    ticks: Sequence[float] = field(default=())
    from_zero: bool = False


def draw(title: str, x: Axis, y: Axis, series: Sequence[Series], ink: str = "#222222", grid: str = "#dddddd") -> Figure:
    """One plot. Its title says what it shows, its axes in which units."""
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.add_subplot()
    for number, line in enumerate(series):
        style = {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": DASHES[number % len(DASHES)],
            "linewidth": 1.8,
            "marker": MARKERS[number % len(MARKERS)] if line.marked else None,
            "markersize": 6,
        }
        xs, ys = [x for x, _ in line.points], [y for _, y in line.points]
        if line.spread:
            errors = [
                [value - low for value, (low, _) in zip(ys, line.spread, strict=True)],
                [high - value for value, (_, high) in zip(ys, line.spread, strict=True)],
            ]
            axes.errorbar(xs, ys, errors, label=line.label, capsize=3, elinewidth=1, **style)
        else:
            axes.plot(xs, ys, label=line.label, **style)
    axes.set_title(title, color=ink, loc="left", fontsize=12, fontweight="bold")
    set_axis(axes, "x", x)
    set_axis(axes, "y", y)
    axes.grid(True, which="major", color=grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=ink, labelsize=11)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(ink)
        axis.label.set_fontsize(11)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(ink)
    if len(series) > 1:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, labelcolor=ink, fontsize=11)
    return figure


def set_axis(axes: Any, name: str, wanted: Axis) -> None:
    axis = getattr(axes, f"{name}axis")
    getattr(axes, f"set_{name}label")(wanted.label)
    if wanted.from_zero:
        getattr(axes, f"set_{name}scale")("symlog", linthresh=1)
    elif wanted.log:
        getattr(axes, f"set_{name}scale")("log")
        low, high = getattr(axes, f"get_{name}lim")()
        # Where less than a power of ten is shown, numbers in between are needed.
        axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0), numticks=15))
        axis.set_minor_formatter(NullFormatter())
    else:
        getattr(axes, f"set_{name}lim")(**{"left" if name == "x" else "bottom": 0})
    if wanted.ticks:
        axis.set_major_locator(FixedLocator(wanted.ticks))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(wanted.text))


def save(figure: Figure, path: Path) -> None:
    """As PNG or SVG, by the end of the name."""
    figure.savefig(path, dpi=150, facecolor="white")


def inline_svg(figure: Figure, name: str) -> str:
    """As an SVG to put into a page, drawn with ink=INK and grid=GRID; the text in it is text.

    name: tells its parts from those of other pictures on the page, and is read out to those who do not see it.
    """
    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(INK, "var(--ink)").replace(GRID, "var(--grid)")
    text = re.sub(r'(<svg [^>]*?)width="[^"]*"', rf'\1role="img" aria-label="{name}"', text, count=1)
    text = re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1sans-serif", text)
