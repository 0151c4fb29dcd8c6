"""Everything that is left when a measurement is over: the table, and the files that were asked for."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from . import machine, table
from .failures import PerfError
from .results import Results

INTERRUPTED = "Interrupted: this is what had been measured by then."


def describe(results: Results) -> dict[str, str]:
    """The machines, by what they were."""
    bind, connect = results.hosts["bind"], results.hosts["connect"]
    if bind == connect:
        return {"both ends": machine.text(bind)}
    names = table.ends(results)
    return {names["bind"]: machine.text(bind), names["connect"]: machine.text(connect)}


def show(results: Results, console: Console) -> None:
    """Print the table."""
    if results.measured:
        console.print(table.table(results))
    for name, text in describe(results).items():
        console.print(f"{name}: {text}", soft_wrap=True)
    if results.interrupted:
        console.print(INTERRUPTED if results.measured else "Interrupted before anything was measured.")


def write(results: Results, json_path: Path | None, plot_path: Path | None, html_path: Path | None) -> list[Path]:
    """Write the files; return which were written. There is no plot of nothing. Raises PerfError."""
    written = []
    if json_path is not None:
        write_text(json_path, json.dumps(results.document(), indent=1) + "\n")
        written.append(json_path)
    if plot_path is not None and results.measured:
        from .pictures import pictures
        from .plot import save

        try:
            save(pictures(results)[0].draw(), plot_path)
        except OSError as error:
            raise PerfError(f"{plot_path}: {error.strerror}") from None
        written.append(plot_path)
    if html_path is not None:
        write_text(html_path, html(results))
        written.append(html_path)
    return written


def write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PerfError(f"{path}: {error.strerror}") from None


def html(results: Results) -> str:
    """The page."""
    from .page import Section, page
    from .pictures import pictures
    from .plot import GRID, INK, inline_svg

    drawn = [inline_svg(picture.draw(ink=INK, grid=GRID), picture.title) for picture in pictures(results)]
    settings = results.settings
    length = f"{settings.time:g} s" if settings.time is not None else f"{settings.count} {table.what(results)}"
    rounds = f"{settings.rounds} rounds of {length} each" if settings.rounds > 1 else f"One round of {length}"
    lead = f"{rounds}, after {settings.warm_up:g} s of warm-up; {results.date}."
    rows = [table.cells(results, case) for case in results.measured]
    machines = list(describe(results).items())
    return page(
        table.title(results),
        lead,
        [
            Section("Plots", pictures=drawn),
            Section("Table", columns=table.columns(results), rows=rows),
            Section("Machine and versions", rows=machines, prose=True),
        ],
        warning=INTERRUPTED if results.interrupted else "",
    )
