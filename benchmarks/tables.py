"""Results as tables."""

from __future__ import annotations

from itertools import pairwise

from rich import box
from rich.table import Table
from rich.text import Text

from . import document as results_of
from . import text
from .cases import OURS, SECTIONS, size_text
from .libraries import LABELS


def tables(results):
    """The tables of everything that has been measured."""
    for section, (heading, _) in SECTIONS.items():
        for cases, libraries in groups(section, results.section(section)):
            if section == "throughput":
                yield make_table(f"{heading}, messages per second", cases, libraries, rate_text)
            elif section == "latency":
                yield make_table(f"{heading}, median", cases, libraries, cost_text)
                yield make_table(f"{heading}, 99th percentile", cases, libraries, p99_text, ratios=False)
            elif section == "loop":
                names = " and ".join(LABELS[name] for name in libraries)
                yield make_table(f"{heading}: {names}", cases, libraries, cost_text)
            else:
                yield make_table(heading, cases, libraries, cost_text)


def groups(section, cases):
    """Pairs of the cases of a table and its libraries. Event loops have a table for each peer."""
    if section == "loop":
        for libraries in dict.fromkeys(tuple(case["cost"]) for case in cases):
            yield [case for case in cases if tuple(case["cost"]) == libraries], libraries
    elif cases:
        yield cases, [name for name in LABELS if any(name in case["cost"] for case in cases)]


def make_table(title, cases, libraries, cell, ratios=True):
    """A table with a row for each case; at the right, the ratios to peers and the spread of zmqbind's rounds."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", padding=0)
    table.min_width = len(title) + 1  # else it would be broken into lines
    table.add_column("", no_wrap=True)
    peers = [name for name in libraries if name != OURS] if ratios and OURS in libraries else []
    for header in (*(LABELS[name] for name in libraries), *(f"/{LABELS[peer]}" for peer in peers)):
        table.add_column(header, justify="right", no_wrap=True)
    spreads = [OURS] if ratios and OURS in libraries else []
    for _ in spreads:
        table.add_column("±", justify="right", no_wrap=True)
    for case, following in pairwise([*cases, None]):
        table.add_row(
            row_label(case),
            *(cell(case, name) for name in libraries),
            *(ratio_text(case, peer) for peer in peers),
            *(text.spread(results_of.spread(case, name)) for name in spreads),
            end_section=following is not None and following["transport"] != case["transport"],
        )
    return table


def row_label(case):
    """What a row is about."""
    streams = case["section"] in ("throughput", "latency")
    return f"{case['transport']}, {size_text(case['size'])}" if streams else case["label"]


def rate_text(case, library):
    """Messages per second."""
    return text.rate(results_of.rate(case, library))


def cost_text(case, library):
    """What one costs."""
    return text.cost(results_of.cost(case, library), case["unit"])


def p99_text(case, library):
    """The time that one round trip of a hundred takes."""
    p99 = results_of.sampled(case, library, "p99_us")
    return text.cost(None if p99 is None else p99 * 1e-6, "s")


def ratio_text(case, peer):
    """A ratio; one below its target is marked."""
    ratio, target = case["ratio"].get(peer), case["targets"].get(peer)
    if ratio is None:
        return Text(text.NOTHING)
    if target is None:
        return Text(text.digits(ratio))
    if ratio < target:
        return Text(f"{text.digits(ratio)}!", style="bold red")
    return Text(text.digits(ratio), style="green")
