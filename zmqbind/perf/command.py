"""`zmqbind perf`, once its command line has been read."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import zmqbind
from zmqbind import ZMQError

from . import arguments
from .control import Control
from .failures import BadArgument, PerfError
from .results import Results

INTERRUPTED = 130
UNBOUND = 160  # columns, where the table goes to a file or a pipe


def main(options: argparse.Namespace) -> int:
    """Measure and report; return the exit status: 0, 1 (failed), 2 (bad arguments), 130 (interrupted)."""
    try:
        if find_spec("rich") is None:
            raise BadArgument("rich is not installed (pip install 'zmqbind[cli]')")
        given = arguments.check(options)
        results = follow(options, given) if options.connect else lead(options, given)
        return report(results, options)
    except PerfError as error:
        print(f"{options.parser.prog}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:  # before there was anything to show, or while it was shown
        return INTERRUPTED


def report(results: Results, options: argparse.Namespace) -> int:
    from rich.console import Console

    from . import report

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = UNBOUND
    report.show(results, console)
    for path in report.write(results, options.json, options.plot, options.html):
        console.print(f"written: {path}", soft_wrap=True)
    if results.failure is not None:
        raise PerfError(results.failure)
    return INTERRUPTED if results.interrupted else 0


def lead(options: argparse.Namespace, given: dict[str, Any]) -> Results:
    """Bind, start a peer or wait for one, and measure."""
    from rich.console import Console

    from .peer import ProcessPeer, ThreadPeer
    from .progress import Bar
    from .session import Leader

    console = Console(stderr=True, markup=False, highlight=False)
    with ExitStack() as stack:
        context = zmqbind.Context[Any]()
        messages = zmqbind.Context[Any]()
        stack.callback(messages.destroy, linger=0)
        started = stack.enter_context(ExitStack())  # left after the control channel: its end is the end of the peer
        control = Control(context, messages)
        stack.callback(control.close)
        endpoint, option = options.bind, f"--bind {options.bind}"
        if endpoint is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="zmqbind-perf-"))
            transport = options.transport or "tcp"
            endpoint, option = local_endpoint(transport, directory), f"--transport {transport}"
        bound = attempt(control.bind, endpoint, option)
        peer: ProcessPeer | ThreadPeer | None = None
        if options.bind is not None:
            console.print(f"waiting at {bound} for zmqbind perf {options.perf_command} --connect", soft_wrap=True)
        elif options.transport == "inproc":
            peer = ThreadPeer(bound, options.timeout, context, control)
        else:
            peer = ProcessPeer(bound, options.timeout)
        if peer is not None:
            started.callback(peer.close)
        bar = stack.enter_context(Bar(console))
        leader = Leader(control, bound, options.timeout, bar.advance)
        results = leader.agree(given, look=peer.look if peer is not None else lambda: None)
        bar.start(results.settings)
        leader.measure(results)
    return results


def follow(options: argparse.Namespace, given: dict[str, Any]) -> Results:
    """Connect, and do what the other end says."""
    from .session import Follower

    with ExitStack() as stack:
        messages = zmqbind.Context[Any]()
        stack.callback(messages.destroy, linger=0)
        control = Control(zmqbind.Context[Any](), messages)
        stack.callback(control.close)
        attempt(control.connect, options.connect, f"--connect {options.connect}")
        follower = Follower(control, options.timeout)
        results = follower.agree(given)
        follower.serve(results)
    return results


def local_endpoint(transport: str, directory: str) -> str:
    """Where a peer that is started here comes to."""
    return {
        "tcp": "tcp://127.0.0.1:*",
        "ipc": f"ipc://{Path(directory, 'perf')}",
        "inproc": "inproc://zmqbind-perf",
    }[transport]


def attempt(action: Any, endpoint: str, argument: str) -> Any:
    """Bind or connect. argument: what to name if that cannot be done. Raises BadArgument."""
    try:
        return action(endpoint)
    except ZMQError as error:
        raise BadArgument(f"{argument}: {error.strerror}") from None
