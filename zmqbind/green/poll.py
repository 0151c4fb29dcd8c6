"""Polling for gevent: Poller, zmq_poll and select that let other greenlets run."""

from __future__ import annotations

from zmqbind import _core
from zmqbind import poll as _poll
from zmqbind._core import green_poll as zmq_poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Poller", "select", "zmq_poll"]


class Poller(_core.GreenPoller, _poll.Poller):
    """Waits for several sockets and descriptors at once, while other greenlets run. See zmqbind.Poller."""

    __slots__ = ()


def select(
    rlist: Iterable[Any], wlist: Iterable[Any], xlist: Iterable[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """Wait as select.select does, for sockets too, while other greenlets run. See zmqbind.select."""
    return _poll.select_by(zmq_poll, rlist, wlist, xlist, timeout)
