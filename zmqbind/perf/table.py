"""The rows that people read, in the terminal and on the page."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table

from . import histogram
from .results import Results
from .settings import Case
from .units import digits, scaled, size_text


def ends(results: Results) -> dict[str, str]:
    """What each of the two ends does."""
    if results.settings.lockstep:
        return {"connect": "server", "bind": "client"}
    return {"connect": "sender", "bind": "receiver"}


def what(results: Results) -> str:
    """What is counted."""
    return "round trips" if results.settings.lockstep else "messages"


def title(results: Results) -> str:
    return f"{results.settings.command.capitalize()}, {setting(results)}"


def setting(results: Results) -> str:
    """What all rows have in common."""
    curve = ", CURVE" if results.settings.curve else ""
    return f"{results.settings.pattern} over {results.transport}{curve}"


def columns(results: Results) -> list[str]:
    names = ["API", "size"]
    if results.settings.command == "latency":
        names += [f"{name} µs" for name in (*histogram.PERCENTILES, "max")]
    else:
        names += [f"{what(results)}/s", "lowest, highest", "MB/s"]
    return [*names, *(f"CPU s/M {name}" for name in ends(results).values()), "lost"]


def cells(results: Results, case: Case) -> list[str]:
    row = results.summary(case)
    made = [case.api, size_text(case.size)]
    if results.settings.command == "latency":
        made += [digits(value) for value in row["latency_us"].values()]
    else:
        spread = f"{scaled(row['rate_min'])}, {scaled(row['rate_max'])}"
        made += [scaled(row["rate"]), spread, digits(row["bytes_per_second"] / 1e6)]
    return [*made, *(digits(row["cpu"][end]) for end in ends(results)), lost(row)]


def lost(row: dict[str, Any]) -> str:
    """How many messages, and which part of those that were sent."""
    if not row["lost"]:
        return "0" if row["lost"] == 0 else digits(None)
    count = scaled(row["lost"]) if row["lost"] >= 1000 else str(row["lost"])
    return f"{count} ({100 * row['lost'] / row['sent']:.1f} %)"


def table(results: Results) -> Table:
    """For the terminal."""
    made = Table(title=title(results), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, name in enumerate(columns(results)):
        name = name.replace(" s/M ", " s/M\n").replace(" ", "\n", 1) if len(name) > 8 else name
        made.add_column(name, justify="right" if number else "left", no_wrap=True)
    for case in results.measured:
        made.add_row(*cells(results, case))
    return made
