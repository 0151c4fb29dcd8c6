"""Polling: Poller and zmq_poll from the compiled module, and select in terms of them."""

from __future__ import annotations

from . import _core
from ._core import zmq_poll
from .constants import PollEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from typing_extensions import Self

__all__ = ["Poller", "select", "zmq_poll"]


class Poller(_core.Poller):
    """Waits for several sockets and descriptors at once.

    What is registered is kept as an array for poll(2) between polls, and libzmq is asked only for the state of sockets
    that may have changed. What another thread registers while a poll waits counts from the next one on.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        """Return a Poller for the same sockets and flags."""
        other = type(self)()
        for socket, flags in self.sockets:
            other.register(socket, flags)
        return other

    def __contains__(self, socket: object) -> bool:
        """Return whether a socket is registered."""
        return super().__contains__(socket)


def select(
    rlist: Iterable[Any], wlist: Iterable[Any], xlist: Iterable[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """Wait as select.select does, for sockets too.

    rlist, wlist, xlist: sockets, descriptors and objects with fileno() to wait for until they can be read, written,
    or have an error. timeout: seconds, float; None: without limit.
    Returns three lists: what can be read, what can be written, what has an error. Raises as zmq_poll does.
    """
    return select_by(zmq_poll, rlist, wlist, xlist, timeout)


def select_by(
    poll: Callable[[Iterable[tuple[Any, int]], float], list[tuple[Any, int]]],
    rlist: Iterable[Any],
    wlist: Iterable[Any],
    xlist: Iterable[Any],
    timeout: float | None,
) -> tuple[list[Any], list[Any], list[Any]]:
    """select, by a function that does what zmq_poll does."""
    wanted = tuple(
        (list(sockets), int(event))
        for sockets, event in ((rlist, PollEvent.POLLIN), (wlist, PollEvent.POLLOUT), (xlist, PollEvent.POLLERR))
    )
    flags: dict[Any, int] = {}
    for sockets, event in wanted:
        for socket in sockets:
            flags[socket] = flags.get(socket, 0) | event
    milliseconds = -1 if timeout is None or timeout < 0 else int(timeout * 1000)
    ready = dict(poll(flags.items(), milliseconds))

    def those_with(sockets: list[Any], event: int) -> list[Any]:
        found = []
        for socket in sockets:
            key = socket if socket in ready or isinstance(socket, int) else _descriptor(socket)
            if ready.get(key, 0) & event:
                found.append(socket)
        return found

    readable, writable, failed = (those_with(sockets, event) for sockets, event in wanted)
    return readable, writable, failed


def _descriptor(thing: Any) -> int | None:
    """The descriptor that zmq_poll reports an object with fileno() as; it reports sockets as themselves."""
    fileno = None if isinstance(thing, _core.Socket) else getattr(thing, "fileno", None)
    return None if fileno is None else fileno()
