"""`python -m benchmarks`: measure, show tables, write JSON and a plot."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from . import baseline, libraries, loops, operations, report, streams
from .processes import Pool
from .rounds import Runner

TIME_LIMIT = 110.0  # seconds that a run without --rounds takes at most, the report left out


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    rounds: int
    seconds: float  # for one measurement
    sizes: tuple[int, ...] = streams.SIZES
    imports: int = operations.IMPORTS


FULL = Settings(rounds=5, seconds=0.12)
QUICK = Settings(rounds=1, seconds=0.01, sizes=(10, 100_000), imports=1)


class Parser(argparse.ArgumentParser):
    """Answers bad arguments with one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (--help lists the options)\n")


def positive(text):
    """A number of rounds."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def parse(arguments=None):
    """The command line."""
    parser = Parser(prog="benchmarks", description="Compare zmqbind with PyZMQ and with C on libzmq.")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it works")
    parser.add_argument("--only", choices=("streams", "operations", "loops"), help="one part of the measurements")
    parser.add_argument("--rounds", type=positive, help=f"without a time limit (default {FULL.rounds})")
    parser.add_argument("--output", type=Path, help="directory for JSON and plot (default build/bench)")
    options = parser.parse_args(arguments)
    options.output = options.output or baseline.PROGRAM.parent
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--output {options.output}: {error.strerror}")
    return options


def choose_cases(only, settings, found, pool, directory):
    """The cases of the parts that are wanted. The stream that has a target belongs to the operations, too."""
    blocking = libraries.having(found, libraries.BLOCKING)
    of_streams = streams.cases(blocking, pool, directory, settings.sizes)
    of_operations = [
        *operations.cases(blocking, pool, settings.imports),
        streams.batches(blocking, pool, directory),
    ]
    of_loops = loops.cases(found, pool)
    if only == "streams":
        return of_streams
    if only == "operations":
        return [case for case in of_streams if case.targets] + of_operations
    return of_loops if only == "loops" else of_streams + of_operations + of_loops


def measure(options, settings, found, console, deadline):
    """Run everything, with a progress bar."""
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
            pool.stop()  # new processes in each round, so that one that is lucky or not does not decide
            if number:
                console.print(f"round {number} of {settings.rounds}")

        runner = Runner(
            choose_cases(options.only, settings, found, pool, directory),
            settings.seconds,
            advance=lambda what: progress.update(task, advance=1, description=what),
            new_round=new_round,
        )
        progress.update(task, total=runner.steps(settings.rounds))
        return runner.run(settings.rounds, deadline)


def show(results, rounds, found, console):
    """Print the tables and what else is to be known."""
    for table in report.tables(results, found):
        console.print(table)
    versions = {library.libzmq for library in found.values()}
    if len(versions) > 1:
        console.print("Note: not all of them run on the same version of libzmq.")
    for failure in results.failures:
        console.print(f"failed: {failure}", style="red", markup=False)
    if results.rounds < rounds and not results.interrupted:
        console.print(f"Note: {results.rounds} of {rounds} rounds, for more would have taken too long.")
    if results.interrupted:
        console.print("Interrupted: this is what had been measured by then.")


def main(arguments=None):
    """Run the benchmarks.

    The exit status is 0, or 1 if a measurement failed, 2 for bad arguments, 130 after Ctrl-C.
    """
    options = parse(arguments)
    deadline = float("inf") if options.rounds else time.monotonic() + TIME_LIMIT
    settings = QUICK if options.quick else FULL
    settings = replace(settings, rounds=options.rounds or settings.rounds)
    console = Console()
    found, absent = libraries.discover()
    absent |= loops.absent()
    for line in report.describe(found, absent):
        console.print(line, markup=False, highlight=False)
    if not found:
        return 1
    results = measure(options, settings, found, console, deadline)
    show(results, settings.rounds, found, console)
    chosen = {"quick": options.quick, "only": options.only, **asdict(settings)}
    report.write_json(options.output / "results.json", report.document(results, found, absent, chosen))
    from . import plot  # takes long to import, so only now

    plotted = plot.plot(options.output / "results.png", results, found)
    written = "results.json and results.png" if plotted else "results.json"
    console.print(f"written to {options.output}: {written}", markup=False, highlight=False)
    if results.interrupted:
        return 130
    return 1 if results.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before there was anything to show, or while it was shown
        sys.exit(130)
