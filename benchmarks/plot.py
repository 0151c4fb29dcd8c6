"""Throughput and latency by message size, a panel for each transport."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from .libraries import LABELS
from .report import UNITS, size_text

# Colours of Okabe and Ito, which people with any colour vision can tell apart; the markers differ too.
STYLES = {
    "zmqbind": {"color": "#0072B2", "marker": "o", "markersize": 5, "linewidth": 1.8},
    "pyzmq": {"color": "#D55E00", "marker": "s", "markersize": 5, "linewidth": 1.8},
    "c": {"color": "#555555", "marker": "^", "markersize": 5, "linewidth": 1.8},
}
LATENCY_STYLES = {"p50_us": {}, "p99_us": {"linestyle": ":", "markersize": 3, "linewidth": 1.2}}


def plot(path, results, libraries):
    """Write the plot of all streams; without any there is nothing to draw, and False is returned."""
    cases = [case for case in results.cases if case.section in ("throughput", "latency")]
    drawn = [case for case in cases if any(results.samples[case].values())]
    transports = list(dict.fromkeys(case.transport for case in drawn))
    if not drawn:
        return False
    size = (1.5 + 3.6 * len(transports), 6.8)
    figure, axes = pyplot.subplots(2, len(transports), figsize=size, sharex=True, sharey="row", squeeze=False)
    for column, transport in enumerate(transports):
        for row, section in enumerate(("throughput", "latency")):
            of_panel = [case for case in drawn if (case.section, case.transport) == (section, transport)]
            draw_panel(axes[row][column], results, of_panel, libraries, section)
        axes[0][column].set_title(transport)
        axes[1][column].set_xlabel("message size")
    axes[0][0].set_ylabel("throughput, push/pull [messages/s]")
    axes[1][0].set_ylabel("round trip, req/rep [µs]\nline: median, dotted: 99th percentile")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return True


def draw_panel(axes, results, cases, libraries, section):
    """Draw the lines of all libraries for one transport."""
    measured = {name: each for name, each in libraries.items() if any(name in case.libraries for case in cases)}
    for name, library in measured.items():
        if section == "throughput":
            rates = [(case.size, results.rate(case, name)) for case in cases]
            draw_line(axes, rates, **STYLES[name], label=label(library))
        else:
            for what, style in LATENCY_STYLES.items():
                times = [(case.size, results.median(case, name, what)) for case in cases]
                draw_line(axes, times, **STYLES[name] | style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: size_text(round(size))))
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1,) if section == "throughput" else (1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(True, which="major", color="#cccccc", linewidth=0.8)
    axes.grid(True, which="minor", axis="y", color="#eeeeee", linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def draw_line(axes, points, **style):
    """Draw one quantity by size, as far as it has been measured."""
    measured = [point for point in points if point[1] is not None]
    axes.plot([size for size, _ in measured], [quantity for _, quantity in measured], **style)


def tick_text(value, _position):
    """2000000 -> "2 M"."""
    factor, unit = next((pair for pair in UNITS if value >= pair[0]), UNITS[-1])
    return f"{value / factor:g} {unit}".rstrip()


def label(library):
    """A library with its versions."""
    name = f"{LABELS[library.name]} {library.version}" if library.version else LABELS[library.name]
    return f"{name} (libzmq {library.libzmq})"
