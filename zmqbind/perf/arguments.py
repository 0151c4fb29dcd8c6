"""The command line: what may be said, and what of it cannot be done."""

from __future__ import annotations

import argparse
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import endpoints
from .failures import BadArgument
from .settings import APIS, DEFAULT_PATTERN, DEFAULTS, PATTERNS, complete

MULTIPLES = {"": 1, "k": 1000, "m": 1_000_000, "g": 1_000_000_000}
LARGEST = 1_000_000_000  # bytes
LONGEST_QUEUE = 2**31 - 1  # messages, which is what libzmq's option holds
SHARED = ("pattern", "sizes", "apis", "rounds", "time", "count", "warm_up", "curve", "hwm")  # what both ends agree on
OUTPUTS = ("json", "plot", "html")
TRANSPORTS = ("tcp", "ipc", "inproc")
DESCRIPTIONS = {
    "throughput": "Messages per second, CPU time per message, and messages lost.",
    "latency": "The time of a round trip: p50, p90, p99, p99.9 and the longest.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `zmqbind perf` its two commands."""
    parser.description = "Measure zmqbind between two processes, two hosts or two threads. See docs/perf.md."
    commands = parser.add_subparsers(dest="perf_command", metavar="COMMAND", required=True)
    for name, description in DESCRIPTIONS.items():
        command = commands.add_parser(name, help=description, description=description, allow_abbrev=False)
        add_options(command, name)
        command.set_defaults(run=run, parser=command)


def run(options: argparse.Namespace) -> int:
    from .command import main

    return main(options)


def add_options(parser: argparse.ArgumentParser, command: str) -> None:
    """The options that both commands have. None stands for what was not said."""
    add = parser.add_argument
    what = "round trips" if command == "latency" else "messages"
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--transport", choices=TRANSPORTS, help="to a peer that is started here (default tcp)")
    where.add_argument("--bind", metavar="ENDPOINT", help="wait here for a peer that is started with --connect")
    where.add_argument("--connect", metavar="ENDPOINT", help="be the peer of one that is started with --bind")
    add("--pattern", choices=PATTERNS, help=f"types of the sockets (default {DEFAULT_PATTERN[command]})")
    add("--size", dest="sizes", type=sizes, metavar="BYTES", help="list or range: 10,1k or 1-1M (default 10,1k,100k)")
    add("--api", dest="apis", type=apis, metavar="API", help=f"one or a list of {', '.join(APIS)} (default single)")
    add("--curve", action="store_const", const=True, help="encrypt")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--time", type=seconds, metavar="SECONDS", help=f"of a round (default {DEFAULTS['time']:g})")
    length.add_argument("--count", type=count, metavar="N", help=f"{what} in a round, instead of --time")
    add("--rounds", type=count, metavar="N", help=f"how often to measure each row (default {DEFAULTS['rounds']})")
    add("--warm-up", type=duration, metavar="SECONDS", help=f"before a round (default {DEFAULTS['warm_up']:g})")
    add(
        "--hwm",
        type=queue_length,
        metavar="N",
        help="messages that may queue at either end (default 1000, fewer if large)",
    )
    add("--timeout", type=seconds, default=30.0, metavar="SECONDS", help="how long to wait for the peer (default 30)")
    add("--json", type=Path, metavar="FILE", help="write everything that was measured")
    add("--plot", type=Path, metavar="FILE.png|svg", help="draw one plot")
    add("--html", type=Path, metavar="FILE", help="write a page with plots, table, machine and versions")


def check(options: argparse.Namespace) -> dict[str, Any]:
    """Raise BadArgument for what cannot be done; return what was said of the parameters that both ends agree on."""
    given = {name: value for name in SHARED if (value := getattr(options, name)) is not None}
    given["command"] = options.perf_command
    complete(given)  # what does not fit together needs no peer to be found
    if options.transport == "inproc" and options.curve:
        raise BadArgument("--curve: not with --transport inproc, which is never encrypted")
    for name in ("bind", "connect"):
        endpoint = getattr(options, name)
        if endpoint is not None:
            endpoints.check(f"--{name} {endpoint}", endpoint)
    taken: dict[str, str] = {}
    for name in OUTPUTS:
        path = getattr(options, name)
        if path is not None:
            check_writable(f"--{name} {path}", path)
            other = taken.setdefault(os.path.realpath(path), name)
            if other != name and (path.is_file() or not path.exists()):  # a device takes both
                raise BadArgument(f"--{name} {path}: that is where --{other} goes")
    if options.plot is not None and options.plot.suffix.lower() not in (".png", ".svg"):
        raise BadArgument(f"--plot {options.plot}: the name has to end in .png or .svg")
    for name in ("plot", "html"):
        if getattr(options, name) is not None and find_spec("matplotlib") is None:
            raise BadArgument(f"--{name}: matplotlib is not installed (pip install 'zmqbind[cli]')")
    return given


def check_writable(argument: str, path: Path) -> None:
    """Open the file as writing it will, without leaving a new one behind."""
    is_new = not path.exists()
    try:
        with open(path, "ab"):
            pass
        if is_new:
            os.unlink(os.path.realpath(path))  # not a link that points to where nothing is yet
    except OSError as error:
        raise BadArgument(f"{argument}: {error.strerror}") from None


def number(text: str) -> int:
    """A count or a size: 10, 100k, 1M."""
    match = re.fullmatch(r"(\d+)([kKmMgG]?)", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number such as 10, 100k or 1M")
    return int(match[1]) * MULTIPLES[match[2].lower()]


def count(text: str) -> int:
    value = number(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not at least 1")
    return value


def queue_length(text: str) -> int:
    value = count(text)
    if value > LONGEST_QUEUE:
        raise argparse.ArgumentTypeError(f"{text!r} is above {LONGEST_QUEUE}")
    return value


def sizes(text: str) -> list[int]:
    """Sizes and ranges: FIRST-LAST is FIRST, ten times that, and so on, and LAST."""
    found: list[int] = []
    for item in text.split(","):
        first, dash, last = item.partition("-")
        size = number(first)
        if dash:
            end = number(last)
            if not 0 < size <= end:
                raise argparse.ArgumentTypeError(f"{item!r} is not a range FIRST-LAST with 1 <= FIRST <= LAST")
            while size < end:
                found.append(size)
                size *= 10
            size = end
        found.append(size)
    if max(found) > LARGEST:
        raise argparse.ArgumentTypeError(f"{text!r} has a size above {LARGEST} bytes")
    return list(dict.fromkeys(found))


def apis(text: str) -> list[str]:
    found = text.split(",")
    for api in found:
        if api not in APIS:
            raise argparse.ArgumentTypeError(f"{api!r} is none of {', '.join(APIS)}")
    return list(dict.fromkeys(found))


def duration(text: str) -> float:
    """Seconds, also none."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def seconds(text: str) -> float:
    value = duration(text)
    if value == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not more than 0 seconds")
    return value
