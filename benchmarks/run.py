"""`python -m benchmarks`: measure, show tables, write results and the report."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from . import cases, document, libraries, report, system_calls, tables
from .measuring import Measurer
from .processes import Pool
from .rounds import Results, Runner


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    level: str
    parts: tuple[str, ...]
    rounds: int
    seconds: float  # for one measurement


# level: (rounds, seconds for one measurement, seconds that all rounds may take)
AMOUNTS = {
    cases.QUICK: (1, 0.01, 60.0),
    cases.STANDARD: (5, 0.1, 100.0),
    cases.FULL: (15, 0.12, 750.0),
}


def settings_for(options):
    """The settings, and the seconds that the rounds may take."""
    rounds, seconds, limit = AMOUNTS[options.level]
    parts = tuple(options.only or cases.PARTS)
    chosen = Settings(options.level, parts, options.rounds or rounds, options.seconds or seconds)
    return chosen, float("inf") if options.rounds else limit


def run(options):
    """Run the benchmarks; the exit status is 0, or 1 if a measurement failed, 130 after Ctrl-C."""
    start = time.monotonic()
    settings, limit = settings_for(options)
    console = Console()
    found, absent = libraries.discover()
    absent |= cases.missing_packages()
    chosen = cases.choose(settings.level, settings.parts, found)
    for line in describe(document.make(Results(chosen), found, absent, asdict(settings))):
        console.print(line, markup=False, highlight=False)
    if not chosen:
        console.print("nothing to measure")
        return 1
    path = options.output / "results.json"

    def keep(results):
        """Write what has been measured so far, and return it."""
        made = document.make(results, found, absent, asdict(settings))
        document.write(path, made)
        return made

    results = measure(chosen, settings, found, console, start + limit, keep)
    made = keep(results)
    if settings.level == cases.FULL and not results.interrupted:
        try:
            made["system_calls"] = system_calls.count(chosen, found)
        except KeyboardInterrupt:
            results.interrupted = made["interrupted"] = True
        document.write(path, made)
    show(made, settings, console)
    report.write_page(document.Results(made), options.output / report.PAGE)
    console.print(f"written to {options.output}: {path.name}, {report.PAGE}", markup=False, highlight=False)
    if results.interrupted:
        return 130
    return 1 if results.failures else 0


def measure(chosen, settings, found, console, deadline, keep):
    """Run everything, with a progress bar. keep: called with the results after every round."""
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with (
        tempfile.TemporaryDirectory(prefix="bench") as directory,
        Pool() as pool,
        Progress(*columns, console=console, expand=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("", total=None)

        def new_round(number):
            if number > 1:
                pool.stop()  # new processes in each round, so that one that is lucky or not does not decide
                keep(runner.results)
            if number:
                console.print(f"round {number} of {settings.rounds}")

        runner = Runner(
            chosen,
            Measurer(found, pool, directory).measure,
            settings.seconds,
            advance=lambda what: progress.update(task, advance=1, description=what),
            new_round=new_round,
        )
        progress.update(task, total=runner.steps(settings.rounds))
        return runner.run(settings.rounds, deadline)


def describe(made):
    """Lines that say what is compared, and what is not and why."""
    machine = made["machine"]
    yield f"{made['python']}, {machine['cores']} cores, {machine['processor']}"
    for name, library in made["libraries"].items():
        version = f" {library['version']}" if library["version"] else ""
        yield f"{libraries.LABELS[name]}{version} on {library['engine']}"
    for name, reason in made["absent"].items():
        yield f"without {libraries.LABELS.get(name, name)}: {reason}"


def show(made, settings, console):
    """Print the tables and what else is to be known."""
    for table in tables.tables(document.Results(made)):
        console.print(table)
    engines = {library["engine"] for library in made["libraries"].values() if library["engine"].startswith("libzmq")}
    if len(engines) > 1:
        console.print("Note: not all of them run on the same version of libzmq.")
    for failure in made["failures"]:
        console.print(f"failed: {failure}", style="red", markup=False)
    if made["rounds"] < settings.rounds and not made["interrupted"]:
        console.print(f"Note: {made['rounds']} of {settings.rounds} rounds, for more would have taken too long.")
    if made["interrupted"]:
        console.print("Interrupted: this is what had been measured by then.")
