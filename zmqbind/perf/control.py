"""The control channel: JSON messages over a PAIR socket, and the end of the peer noticed at once."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import zmqbind
from zmqbind import ContextTerminated, Event, SocketType

from . import endpoints
from .failures import BadArgument, PeerInterrupted, PerfError, RoundAborted

LOOK = 200  # ms between looks at whether the peer is still there
LOOK_OFTEN = 10  # ms, where somebody else looks too
LAST_WORDS = 1000  # ms that what was said last may take to leave
CONNECTED, DISCONNECTED = Event.ACCEPTED | Event.CONNECTED, Event.DISCONNECTED


class Control:
    """One end of the channel, with the context of the sockets for the messages.

    When the peer is gone that context is terminated: whoever waits in one of its sockets gets ContextTerminated.
    """

    def __init__(self, context: zmqbind.Context[Any], messages: zmqbind.Context[Any]) -> None:
        self.messages = messages
        self.gone = threading.Event()
        self.endpoint = ""
        self._context = context
        self._socket = context.socket(SocketType.PAIR)
        self._socket.linger = LAST_WORDS
        # A cable that is pulled is noticed too.
        self._socket.heartbeat_ivl = 2000
        self._socket.heartbeat_timeout = 10_000
        self._monitor: zmqbind.Socket[bytes] | None = None
        self._watcher: threading.Thread | None = None

    def bind(self, endpoint: str) -> str:
        """Return where it is bound. Raises ZMQError."""
        self._begin(endpoint)
        self._socket.bind(endpoint)
        bound: str = self._socket.last_endpoint.decode()
        return bound

    def connect(self, endpoint: str) -> None:
        """Connect, at once or when the peer is there. Raises ZMQError."""
        self._begin(endpoint)
        self._socket.connect(endpoint)

    def _begin(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._socket.ipv6 = endpoints.is_ipv6(endpoint)
        if not endpoint.startswith("inproc:"):  # libzmq does not monitor that; the thread tells by itself
            self._monitor = self._socket.get_monitor_socket(CONNECTED | DISCONNECTED)

    def met(self) -> None:
        """The peer has spoken; from now on its end is noticed.

        That is when the connections that are open now are gone. Others that come and go, such as port scanners, do not
        count.
        """
        monitor = self._monitor
        if monitor is None:
            return
        connections: set[int] = set()
        while monitor.poll(0):  # what became of the peer's connection was told before what it said
            event, connection = next_event(monitor)
            (connections.add if event & CONNECTED else connections.discard)(connection)
        self._watcher = threading.Thread(
            target=self._watch, args=(monitor, connections), name="zmqbind perf watcher", daemon=True
        )
        self._watcher.start()

    def _watch(self, monitor: zmqbind.Socket[bytes], connections: set[int]) -> None:
        with monitor:
            try:
                while connections:
                    event, connection = next_event(monitor)
                    if event == DISCONNECTED:
                        connections.discard(connection)
            except ContextTerminated:  # this end is closing
                return
        self.lost()

    def lost(self) -> None:
        """The peer is gone, or to be left: wake whoever waits for messages."""
        self.gone.set()
        self.messages.term()

    def send(self, what: str, **fields: Any) -> None:
        """Tell the peer. Nothing is raised when it is gone: the next `receive` does."""
        try:
            self._socket.send_json({"what": what, **fields}, zmqbind.DONTWAIT)
        except zmqbind.Again:
            pass

    def send_failure(self, error: Exception) -> None:
        """Tell the peer why this end gives up."""
        self.send("failed", text=str(error), status=getattr(error, "status", 1))

    def pending(self, timeout: int = 0) -> bool:
        """Whether the peer has said something. timeout: ms."""
        return bool(self._socket.poll(timeout))

    def receive(
        self, *expected: str, timeout: float | None = None, look: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Wait for what the peer says; return it.

        timeout: seconds; without, as long as the peer is there. look: called now and then meanwhile; it may raise.
        Raises PerfError, RoundAborted, TimeoutError.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._socket.poll(LOOK if look is None else LOOK_OFTEN):
            # A last look, since what it said before it went away is still there.
            if self.gone.is_set() and not self._socket.poll(0):
                raise PerfError("the peer has gone away")
            if look is not None:
                look()
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
        message = self._parse(self._socket.recv_multipart())
        what = message["what"]
        if what == "failed":
            raise (BadArgument if message["status"] == BadArgument.status else PerfError)(message["text"])
        if what == "interrupted":
            raise PeerInterrupted("the peer was interrupted")
        if what == "abort":
            raise RoundAborted
        if expected and what not in expected:
            raise PerfError(f"{self.endpoint}: the peer said {what!r} instead of {' or '.join(expected)}")
        return message

    def _parse(self, parts: list[bytes]) -> dict[str, Any]:
        import json

        try:
            (text,) = parts
            message = json.loads(text)
            message["what"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise PerfError(f"{self.endpoint}: the peer is no `zmqbind perf`") from None
        return dict(message)

    def close(self) -> None:
        """Let the last words leave, and close."""
        self._socket.close()
        if self._monitor is None:
            return
        if self._watcher is None:
            self._monitor.close()
        self._context.term()  # wakes the watcher
        if self._watcher is not None:
            self._watcher.join()


def next_event(monitor: zmqbind.Socket[bytes]) -> tuple[int, int]:
    """What happened, and to which connection."""
    event, connection = struct.unpack("=HI", monitor.recv_multipart()[0])
    return event, connection
