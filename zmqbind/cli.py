"""The ``zmqbind`` command, also run as ``python -m zmqbind``."""

from __future__ import annotations

import argparse
import platform
import sys

import zmqbind
from zmqbind import _core, run
from zmqbind.log import watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

CAPABILITIES = ("ipc", "curve", "gssapi", "pgm", "tipc", "norm", "ws", "wss", "draft", "vmci")

# In the order shown: the key in the JSON, then the label people read.
LABELS = {
    "zmqbind": "zmqbind",
    "pyzmq_api": "PyZMQ API",
    "libzmq": "libzmq",
    "libzmq_path": "libzmq path",
    "capabilities": "capabilities",
    "python": "Python",
    "cython": "built with Cython",
    "platform": "platform",
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line.

    fill: called with the parser before it is first used, to add arguments: what takes long to import is not imported
    for other commands.
    """

    fill: Callable[[Parser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        fill, self.fill = self.fill, None
        if fill is not None:
            fill(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def make_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(prog="zmqbind", description="A Python binding of ZeroMQ's libzmq.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"zmqbind {zmqbind.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    info = commands.add_parser(
        "info",
        help="print versions, the libzmq in use and what it can do",
        description="Print versions, the libzmq in use and what it can do.",
        allow_abbrev=False,
    )
    info.add_argument("--json", action="store_true", help="as a JSON object")
    info.set_defaults(run=show_info)
    perf = commands.add_parser("perf", help="measure throughput or latency", allow_abbrev=False)
    perf.fill = add_perf_arguments
    log = commands.add_parser(
        "log",
        help="show log records that programs publish",
        description=watcher.DESCRIPTION,
        allow_abbrev=False,
    )
    watcher.add_arguments(log)
    log.set_defaults(run=watcher.watch)
    keygen = commands.add_parser(
        "keygen",
        help="make a pair of CURVE keys",
        description="Make a pair of CURVE keys, and print it, or write it into NAME.key and NAME.key_secret.",
        allow_abbrev=False,
    )
    keygen.add_argument("name", metavar="NAME", nargs="?", help="write certificates of this name")
    keygen.add_argument("--output", metavar="DIR", help="where to write them (default: the current directory)")
    keygen.add_argument("--json", action="store_true", help="print a JSON object")
    keygen.set_defaults(run=make_keys)
    program = commands.add_parser(
        "run",
        help="run a Python program with zmqbind in the place of PyZMQ",
        usage=run.USAGE,
        description=run.DESCRIPTION,
        allow_abbrev=False,
    )
    program.set_defaults(run=lambda options: run.run(options.program))
    return parser


def add_perf_arguments(parser: Parser) -> None:
    """The arguments of ``zmqbind perf``."""
    from zmqbind.perf.arguments import add_arguments

    add_arguments(parser)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status. Bad arguments end it by `SystemExit` with status 2."""
    parser = make_parser()
    arguments = sys.argv[1:] if arguments is None else arguments
    # All that follows `run` is the program's, also what looks like an option.
    of_program = arguments[1:] if arguments[:1] == ["run"] and arguments[1:] not in (["-h"], ["--help"]) else []
    options = parser.parse_args(arguments[: len(arguments) - len(of_program)], argparse.Namespace(program=of_program))
    if options.command is None:
        parser.print_help()
        return 0
    try:
        status: int = options.run(options) or 0
    except (OSError, ValueError, zmqbind.ZMQError) as error:
        parser.exit(1, f"zmqbind {options.command}: {error}\n")
    return status


def collect_info() -> dict[str, object]:
    """What ``zmqbind info`` tells; a value that is not known is None."""
    return {
        "zmqbind": zmqbind.__version__,
        "pyzmq_api": zmqbind.pyzmq_version(),
        "libzmq": zmqbind.zmq_version(),
        "libzmq_path": _core.libzmq_path(),
        "capabilities": {name: zmqbind.has(name) for name in CAPABILITIES},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cython": cython_version(),
        "platform": platform.platform(),
    }


def cython_version() -> str | None:
    """The version of Cython that translated zmqbind._core, where it tells."""
    number = getattr(_core, "CYTHON_HEX_VERSION", None)
    return None if number is None else f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}"


def show_info(options: argparse.Namespace) -> int:
    """Print the information as JSON, as a table where rich is installed, or else as plain text. Return 0."""
    info = collect_info()
    if options.json:
        import json

        print(json.dumps(info, indent=2))
        return 0
    rows = [(LABELS[key], describe(value)) for key, value in info.items()]
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        width = max(len(label) for label, _ in rows)
        for label, text in rows:
            print(f"{label:{width}}  {text}")
        return 0
    table = Table(show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)
    return 0


def make_keys(options: argparse.Namespace) -> None:
    """Make a pair of keys: print the keys in Z85, or write certificates and print their paths."""
    if options.name is None:
        if options.output is not None:
            raise ValueError("--output needs the NAME of the certificates")
        public, secret = (key.decode() for key in zmqbind.curve_keypair())
    else:
        from .auth import create_certificates

        public, secret = create_certificates("" if options.output is None else options.output, options.name)
    kind = "key" if options.name is None else "file"
    result = {f"public_{kind}": public, f"secret_{kind}": secret}
    if options.json:
        import json

        print(json.dumps(result, indent=2))
        return
    for label, value in result.items():
        print(f"{label.replace('_', ' ')}: {value}")


def describe(value: object) -> str:
    """One value as text: of the capabilities those there are, then those there are not."""
    if not isinstance(value, dict):
        return "unknown" if value is None else str(value)
    there = " ".join(name for name, is_there in value.items() if is_there)
    lacking = " ".join(name for name, is_there in value.items() if not is_there)
    return f"{there or 'none'} (not: {lacking})" if lacking else there
