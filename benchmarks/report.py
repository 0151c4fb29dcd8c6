"""What a run found: tables for people and JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from .libraries import LABELS, OURS

UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
TIME_UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
NOTHING = "-"


def scaled(value, units):
    """A number with three digits in the largest of the units that leaves at least 1 of it."""
    if value is None:
        return NOTHING
    factor, unit = next((pair for pair in units if value >= pair[0]), units[-1])
    number = value / factor
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f} {unit}".rstrip()


def size_text(size):
    """10 -> "10 B", 100000 -> "100 KB"."""
    return f"{size // 1000} KB" if size >= 1000 else f"{size} B"


def ratio_text(ratio, target=None):
    """A ratio, coloured by whether it reaches its target."""
    if ratio is None:
        return Text(NOTHING)
    text = f"{ratio:.2f}"
    if target is None:
        return Text(text)
    return Text(text, style="green") if ratio >= target else Text(text + " !", style="bold red")


def tables(results, libraries):
    """The tables of everything that has been measured."""
    made = []
    makers = (("throughput", throughput), ("latency", latency), ("operation", operations), ("loop", loops))
    for section, make in makers:
        cases = [case for case in results.cases if case.section == section]
        compared = {name: each for name, each in libraries.items() if any(name in case.libraries for case in cases)}
        if cases:
            made += make(results, cases, compared)
    return made


def new_table(title, libraries, columns, target=False):
    """A table with the columns that all tables have."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column == "size" else "left")
    for library in libraries:
        table.add_column(LABELS[library], justify="right", no_wrap=True)
    for peer in peers(libraries):
        table.add_column(f"/{LABELS[peer]}", justify="right", no_wrap=True)
    if target:
        table.add_column("target", justify="right", no_wrap=True)
    return table


def peers(libraries):
    """Whom zmqbind is compared with."""
    return [name for name in libraries if name != OURS] if OURS in libraries else []


def add_rows(table, results, cases, libraries, cell):
    """Rows of streams, with a line between transports."""
    for case, following in pairwise([*cases, None]):
        ratios = [ratio_text(results.ratio(case, peer)) for peer in peers(libraries)]
        table.add_row(
            case.transport,
            size_text(case.size),
            *(cell(case, library) for library in libraries),
            *ratios,
            end_section=following is not None and following.transport != case.transport,
        )


def throughput(results, cases, libraries):
    """Messages per second."""
    table = new_table("Throughput, push/pull, messages per second", libraries, ("", "size"))
    add_rows(table, results, cases, libraries, lambda case, name: scaled(results.rate(case, name), UNITS))
    yield table


def microseconds(value):
    """12.34 -> "12.3", 123.4 -> "123"."""
    return f"{value:.{1 if value < 99.95 else 0}f}"


def latency(results, cases, libraries):
    """Time of a round trip."""

    def cell(case, library):
        p50, p99 = (results.median(case, library, what) for what in ("p50_us", "p99_us"))
        return NOTHING if p50 is None else f"{microseconds(p50)} / {microseconds(p99)}"

    table = new_table("Round trip, req/rep, µs, p50 / p99; ratios of p50", libraries, ("", "size"))
    add_rows(table, results, cases, libraries, cell)
    yield table


def operations(results, cases, libraries):
    """Time of one operation, with what is aimed at; the stream with a target is among them."""
    table = new_table("Operations, one process, inproc", libraries, ("",), target=True)
    for case in [*cases, *(case for case in results.cases if case.section == "throughput" and case.targets)]:
        label = case.label if case in cases else f"{case.transport} push/pull {size_text(case.size)}"
        add_operation(table, results, case, label, libraries)
    yield table


def loops(results, cases, libraries):
    """Time of one operation in an event loop; a table for each set of libraries that share loops."""
    for compared in dict.fromkeys(case.libraries for case in cases):
        of_table = {name: libraries[name] for name in compared}
        table = new_table(
            f"Event loops, {' and '.join(LABELS[name] for name in compared)}", of_table, ("",), target=True
        )
        for case in cases:
            if case.libraries == compared:
                add_operation(table, results, case, case.label, of_table)
        yield table


def add_operation(table, results, case, label, libraries):
    """A row: the time with each library, the ratios, and what they are to reach."""
    rates = {name: results.rate(case, name) for name in libraries}
    goals = [case.targets.get(peer) for peer in peers(libraries)]
    table.add_row(
        label,
        *(scaled(1 / rates[name] if rates[name] else None, TIME_UNITS) for name in libraries),
        *(ratio_text(results.ratio(case, peer), case.targets.get(peer)) for peer in peers(libraries)),
        " / ".join(f"{goal:g}" if goal else NOTHING for goal in goals) if any(goals) else NOTHING,
    )


def machine():
    """What kind of machine this is; nothing that tells which one."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def processor():
    """The processor's own name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def document(results, libraries, absent, settings):
    """Everything about a run, ready for JSON."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": {name: {"version": it.version, "libzmq": it.libzmq} for name, it in libraries.items()},
        "absent": absent,
        "settings": settings,
        "rounds": results.rounds,
        "interrupted": results.interrupted,
        "failures": results.failures,
        "cases": [case_document(results, case) for case in results.cases],
    }


def case_document(results, case):
    """One case with its samples, medians and ratios."""
    what = ("p50_us", "p99_us") if case.section == "latency" else ()
    medians = {}
    for library in case.libraries:
        medians[library] = {"rate": results.rate(case, library)}
        medians[library] |= {name: results.median(case, library, name) for name in what}
    return {
        "section": case.section,
        "name": case.name,
        "label": case.label,
        "transport": case.transport,
        "size": case.size,
        "targets": case.targets,
        "median": medians,
        "ratio": {peer: results.ratio(case, peer) for peer in case.libraries if peer != OURS},
        "samples": results.samples[case],
    }


def write_json(path, contents):
    """Write the document; never leave half of one."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(contents, indent=1) + "\n")
    partial.replace(path)


def describe(libraries, absent):
    """Lines that say what is compared, and what is not and why."""
    here = machine()
    yield f"Python {platform.python_version()}, {here['cores']} cores, {here['processor']}"
    for name, library in libraries.items():
        version = f" {library.version}" if library.version else ""
        yield f"{LABELS[name]}{version} on libzmq {library.libzmq}"
    for name, reason in absent.items():
        yield f"without {LABELS.get(name, name)}: {reason}"
