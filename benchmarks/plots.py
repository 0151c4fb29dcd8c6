"""The plots of some results: each says one thing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from . import text, theme
from .cases import OURS, size_text
from .curves import curves
from .libraries import LABELS

WIDTH = 5.6  # inches
TITLE_COLUMNS = 62


@dataclass(frozen=True)
class Plot:
    """One plot: what it is called, what it says, and how it is drawn on axes in a theme."""

    name: str
    title: str
    draw: Callable
    height: float = 3.8  # inches


def plots(results):
    """All plots that there are results for."""
    made = [*stream_plots(results), *bar_plots(results)]
    made += [curve_plot(curve) for curve in curves(results)]
    return made


def save(plot, path, look=theme.LIGHT, description=None):
    """Draw a plot into a file (PNG or SVG by its suffix) or a binary stream (SVG)."""
    with pyplot.rc_context(theme.settings(look)):
        figure, axes = pyplot.subplots(figsize=(WIDTH, plot.height))
        plot.draw(axes, look)
        figure.suptitle(textwrap.fill(plot.title, TITLE_COLUMNS), x=0.02, ha="left", fontsize=10.5, fontweight="bold")
        figure.tight_layout(rect=(0, 0, 1, 1))
        if hasattr(path, "write") or path.suffix == ".svg":
            figure.savefig(path, format="svg", metadata={"Date": None, "Description": description})
        else:
            figure.savefig(path, dpi=130)
        pyplot.close(figure)


# Streams


def stream_plots(results):
    """Throughput and round trips by message size, for each transport."""
    for section in ("throughput", "latency"):
        cases = results.section(section)
        for transport in dict.fromkeys(case["transport"] for case in cases):
            yield stream_plot(section, transport, [case for case in cases if case["transport"] == transport])


def stream_plot(section, transport, cases):
    """One of them."""
    of_rate = section == "throughput"

    def draw(axes, look):
        for library in compared(cases):
            draw_line(axes, cases, [case["size"] for case in cases], library, look, of_rate)
        size_axis(axes, look)
        value_axis(axes, look, "messages per second" if of_rate else "round trip, median [seconds]", of_rate)
        legend(axes, "lower left" if of_rate else "upper left")

    heading = f"{'Push/pull' if of_rate else 'Request and reply'} over {transport}"
    spread = ratio_range(cases, "pyzmq")
    if spread and of_rate:
        heading += f": zmqbind moves {spread} times as many messages as PyZMQ"
    elif spread:
        heading += f": zmqbind takes {ratio_range(cases, 'pyzmq', inverse=True)} of PyZMQ's time"
    return Plot(f"{section}-{transport}", heading, draw)


def ratio_range(cases, peer, inverse=False):
    """ "1.2 to 3.4", or nothing."""
    ratios = [case["ratio"][peer] for case in cases if case["ratio"].get(peer)]
    ratios = sorted(1 / ratio if inverse else ratio for ratio in ratios)
    if not ratios:
        return ""
    low, high = text.digits(ratios[0]), text.digits(ratios[-1])
    return low if low == high else f"{low} to {high}"


# Operations and event loops


def bar_plots(results):
    """How many times faster than the peer each operation is."""
    for section, what in (("operation", "one process"), ("loop", "event loops")):
        rows = []
        for case in results.section(section):
            peer = next((name for name in ("pyzmq", "zmq-anyio") if name in case["ratio"]), None)
            if peer and case["ratio"][peer] > 0:  # an import that is lost in the noise may take less than nothing
                rows.append((case["label"], case["ratio"][peer], peer))
        if rows:
            peers = " and ".join(LABELS[peer] for peer in dict.fromkeys(peer for _, _, peer in rows))
            title = f"Operations, {what}: zmqbind is {bar_range(rows)} times as fast as {peers}"
            yield Plot(f"ratio-{section}", title, bars(rows), height=1.2 + 0.24 * len(rows))


def bar_range(rows):
    """The smallest and the largest ratio."""
    ratios = sorted(ratio for _, ratio, _ in rows)
    return f"{text.digits(ratios[0])} to {text.digits(ratios[-1])}"


def bars(rows):
    """A function that draws horizontal bars, labelled with their lengths; the peer is at 1."""

    def draw(axes, look):
        labels = [label for label, _, _ in rows]
        ratios = [ratio for _, ratio, _ in rows]
        # Beginning at 1, so that what is slower than the peer goes to the left.
        drawn = axes.barh(labels, [ratio - 1 for ratio in ratios], left=1, color=look.colours[OURS], height=0.66)
        axes.axvline(1, color=look.ink, linewidth=1)
        axes.set_xscale("log")
        low, high = min(0.8, *ratios), max(ratios)
        axes.set_xlim(low * 0.8, high * 2)
        for bar, ratio in zip(drawn, ratios, strict=True):
            place = (max(ratio, 1), bar.get_y() + bar.get_height() / 2)
            axes.annotate(text.digits(ratio), place, (3, 0), textcoords="offset points", va="center", fontsize=8.5)
        axes.invert_yaxis()
        axes.tick_params(axis="y", labelsize=9, length=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(True, axis="x", color=look.grid, linewidth=0.8)
        axes.set_xlabel("times as fast as the peer (at 1; logarithmic)")

    return draw


# Curves


def curve_plot(curve):
    """The cost of a message against a number, with the line that was fitted to zmqbind's."""

    def draw(axes, look):
        for library in compared(curve.cases):
            draw_line(axes, curve.cases, list(map(curve.number, curve.cases)), library, look)
        line = curve.fit(OURS)
        if line:
            numbers = [number for number, _ in curve.points(OURS)]
            drawn = spread_out(min(numbers), max(numbers))
            costs = [line.fixed + line.per_unit * number for number in drawn]
            axes.plot(drawn, costs, color=look.colours[OURS], linestyle=":", linewidth=1.2, label="fitted")
        if curve.by_size:
            size_axis(axes, look)
        else:
            number_axis(axes, look, curve)
        value_axis(axes, look, "cost of a message [seconds]", of_rate=False)
        legend(axes, "upper left")

    return Plot(curve.name, f"{curve.heading[0].upper()}{curve.heading[1:]}: {growth(curve)}", draw)


def growth(curve):
    """By what the cost is multiplied from the first point to the last."""
    factors = {}
    for library in (OURS, "pyzmq"):
        points = curve.points(library)
        if len(points) == len(curve.cases):
            factors[library] = f"x {text.digits(points[-1][1] / points[0][1])}"
    ends = f"from {curve.number_text(curve.cases[0])} to {curve.number_text(curve.cases[-1])}"
    beside = f" (PyZMQ {factors['pyzmq']})" if "pyzmq" in factors else ""
    return f"{ends}, the cost of a message {factors[OURS]}{beside}"


def spread_out(low, high, steps=60):
    """Numbers from low to high, evenly on a logarithmic scale."""
    return [low * (high / low) ** (i / steps) for i in range(steps + 1)]


# Parts of plots


def compared(cases):
    """The libraries in some cases, zmqbind last so that its line is on top."""
    return [name for name in reversed(LABELS) if any(name in case["cost"] for case in cases)]


def legend(axes, place):
    """The legend, with zmqbind first."""
    handles, labels = axes.get_legend_handles_labels()
    lines = [(handle, label) for handle, label in zip(handles, labels, strict=True) if label != "fitted"][::-1]
    lines += [(handle, label) for handle, label in zip(handles, labels, strict=True) if label == "fitted"]
    axes.legend(*zip(*lines, strict=True), ncols=5, loc=place, fontsize=8.5, columnspacing=1.2, handlelength=1.8)


def draw_line(axes, cases, numbers, library, look, of_rate=False):
    """Draw what a library's messages cost, or their rate, as far as it was measured; the quartiles as a band."""
    measured = [(x, case["cost"][library]) for x, case in zip(numbers, cases, strict=True) if library in case["cost"]]
    xs = [x for x, _ in measured]
    low, middle, high = (
        [1 / cost[which] if of_rate else cost[which] for _, cost in measured] for which in ("q1", "median", "q3")
    )
    colour = look.colours[library]
    axes.fill_between(xs, low, high, color=colour, alpha=0.18, linewidth=0)
    width = 2.2 if library == OURS else 1.5
    marker = theme.MARKERS[library]
    axes.plot(xs, middle, color=colour, marker=marker, markersize=5, linewidth=width, label=LABELS[library])


def size_axis(axes, look):
    """The message size."""
    axes.set_xscale("log")
    axes.set_xlabel("message size [bytes]")
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: size_text(round(size))))
    axes.tick_params(axis="x", labelsize=8.5)


def number_axis(axes, look, curve):
    """A number of things."""
    numbers = [curve.number(case) for case in curve.cases]
    axes.set_xscale("log")
    axes.set_xlabel(f"{curve.axis} [number]")
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.xaxis.set_minor_locator(NullLocator())


def value_axis(axes, look, label, of_rate):
    """What was measured, with room for the legend."""
    axes.set_yscale("log")
    axes.set_ylabel(label)
    low, high = axes.get_ylim()
    axes.set_ylim((low / (high / low) ** 0.2, high) if of_rate else (low, high * (high / low) ** 0.25))
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1,) if high / low > 30 else (1, 2, 5)))
    units = text.UNITS if of_rate else text.TIME_UNITS
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value, units)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(True, which="major", color=look.grid, linewidth=0.8)


def tick_text(value, units):
    """2000000 -> "2 M"."""
    factor, unit = next((pair for pair in units if value >= pair[0] * 0.999), units[-1])
    return f"{value / factor:.3g} {unit}".rstrip()
