"""The command line: measure, report, compare, and README's table; README.md explains them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import baseline, cases


class Parser(argparse.ArgumentParser):
    """Answers bad arguments with one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (--help lists the options)\n")


def positive(text):
    """A number of rounds."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def seconds(text):
    """A time, or a share, above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def parse(arguments):
    """The command line: the first word may be a command; without one, everything is measured."""
    parser = Parser(prog="benchmarks", description="Compare zmqbind with its peers and with C on libzmq.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)

    run = commands.add_parser("run", help="measure (the default)")
    level = run.add_mutually_exclusive_group()
    level.add_argument("--quick", dest="level", action="store_const", const=cases.QUICK, help="shows that it works")
    level.add_argument("--full", dest="level", action="store_const", const=cases.FULL, help="a quarter of an hour")
    run.add_argument("--only", choices=cases.PARTS, action="append", help="a part of the measurements; may be repeated")
    run.add_argument("--rounds", type=positive, help="so many, however long they take")
    run.add_argument("--seconds", type=seconds, help="that one measurement is to take")
    run.set_defaults(level=cases.STANDARD)

    report = commands.add_parser("report", help="draw the plots and the page of results")
    report.add_argument("file", type=Path)
    for command in (run, report):
        command.add_argument("--output", type=Path, default=baseline.PROGRAM.parent, help="default: build/bench")

    compare = commands.add_parser("compare", help="exit status 1 if zmqbind became slower beyond noise")
    compare.add_argument("old", type=Path)
    compare.add_argument("new", type=Path)
    compare.add_argument("--tolerance", type=seconds, default=5.0, help="per cent (default 5)")

    readme = commands.add_parser("readme", help="write the table and the plot of README.md anew")
    what = readme.add_mutually_exclusive_group()
    what.add_argument("file", type=Path, nargs="?", help="results that are to become the committed ones")
    what.add_argument("--check", action="store_true", help="exit status 1 if they are not those of the results")

    if not arguments or arguments[0] not in (*commands.choices, "-h", "--help"):
        arguments = ["run", *arguments]
    options = parser.parse_args(arguments)
    if hasattr(options, "output"):
        try:
            options.output.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=options.output):  # before minutes have been spent on what cannot be kept
                pass
        except OSError as error:
            parser.error(f"--output {options.output}: {error.strerror}")
    return options


def main(arguments=None):
    """Do what the command line says, and return the exit status: 2 for bad arguments, bad files, missing packages."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return do(options)
    except ModuleNotFoundError as error:
        package = (error.name or str(error)).partition(".")[0]
        print(f"benchmarks: {package} is not installed (`make build` does it)", file=sys.stderr)
        return 2


def do(options):
    """The command. What it needs takes long to import, so only now."""
    if options.command == "run":
        from .run import run

        return run(options)
    from .document import BadDocument, read

    try:
        if options.command == "report":
            from .report import write

            print(*write(read(options.file), options.output), sep="\n")
            return 0
        if options.command == "compare":
            from .compare import compare

            return compare(read(options.old), read(options.new), options.tolerance)
        from .readme import update

        return update(options.file, options.check)
    except BadDocument as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before there was anything to show, or while it was shown
        sys.exit(130)
