"""Showing the log records that programs publish; run as ``zmqbind log`` and ``python -m zmqbind.log``."""

from __future__ import annotations

import os
import sys
import time
from io import TextIOWrapper

from ..constants import SocketType
from ..context import Context
from ..error import ZMQError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

__all__ = ["DESCRIPTION", "add_arguments", "watch"]

DESCRIPTION = "Show the log records that programs publish with zmqbind.log.handlers.PUBHandler, until Ctrl-C."
STYLES = {
    "DEBUG": "dim",
    "INFO": "",
    "WARNING": "yellow",
    "ERROR": "red",
    "CRITICAL": "bold reverse red",
}
# What may move the cursor or change the terminal is shown instead of obeyed.
VISIBLE = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments that watch() takes."""
    parser.add_argument("zmq_pub_url", metavar="ENDPOINT", help="where the records are published: tcp://192.0.2.1:5557")
    parser.add_argument(
        "-t",
        "--topic",
        action="append",
        default=None,
        help="only records whose topic begins with this; may be repeated",
    )
    parser.add_argument("--timestamp", action="store_true", help="begin lines with the local time of arrival")
    parser.add_argument("--separator", default=" | ", help="between topic and message (default: '%(default)s')")
    # As % begins a format for argparse, too.
    parser.add_argument(
        "--dateformat",
        default="%Y-%m-%d %H:%M:%S",
        help="of the timestamp, as for time.strftime (default: '%%Y-%%m-%%d %%H:%%M:%%S')",
    )
    parser.add_argument("--align", action="store_true", help="pad topics to the longest one so far")
    parser.add_argument("--color", action="store_true", help="colour by level; needs rich")


def watch(options: argparse.Namespace) -> int:
    """Print records until Ctrl-C, or until nobody reads them any more; return the exit status."""
    try:
        show = _printer(options.color)
        with Context() as context, context.socket(SocketType.SUB) as socket:
            for topic in options.topic or [""]:
                socket.subscribe(topic)
            socket.connect(options.zmq_pub_url)
            width = 0
            while True:
                topic, text = _decode(socket.recv_multipart())
                width = max(width, len(topic)) if options.align else 0
                stamp = time.strftime(options.dateformat) + " " if options.timestamp else ""
                show(f"{stamp}{topic:{width}}{options.separator}{text}", STYLES.get(_level(topic), ""))
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # Python would try, and complain, once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ZMQError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1


def _decode(frames: list[bytes]) -> tuple[str, str]:
    """The topic and the text of a record. Messages of another form have no topic, or a text of several parts."""
    parts = [frame.decode("utf-8", "replace").rstrip("\r\n").translate(VISIBLE) for frame in frames]
    return ("", parts[0]) if len(parts) == 1 else (parts[0], " ".join(parts[1:]))


def _level(topic: str) -> str:
    """The level that a topic names, or ''."""
    return next((part for part in topic.split(".") if part in STYLES), "")


def _printer(color: bool) -> Callable[[str, str], None]:
    """A function that prints a line in a style."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # publishers do not know what can be shown here
    if not color:
        return lambda line, style: print(line, flush=True)
    try:
        from rich.console import Console
    except ImportError:
        raise ImportError("--color needs rich: pip install zmqbind[cli]") from None
    console = Console(markup=False, highlight=False, force_terminal=True)

    def show(line: str, style: str) -> None:
        console.print(line, style=style, soft_wrap=True)
        sys.stdout.flush()

    return show
