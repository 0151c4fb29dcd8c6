"""Sockets for gevent: other greenlets run while one waits in them.

import gevent
import zmqbind.green as zmq

def ask(context, endpoint):
    with context.socket(zmq.REQ) as socket:
        socket.connect(endpoint)
        socket.send_string("Hello")
        print(socket.recv_string())

with zmq.Context() as context:
    gevent.joinall([gevent.spawn(ask, context, "tcp://127.0.0.1:5000") for _ in range(10)], raise_error=True)

All public names of zmqbind are here. Proxies let other greenlets run if one of their sockets is of this module.
See docs/gevent.md.
"""

from __future__ import annotations

import gevent

import zmqbind as _zmqbind
from zmqbind import *  # noqa: F403
from zmqbind import _core

from .poll import Poller, select, zmq_poll  # noqa: F401
from .sockets import Context, Socket  # type: ignore[assignment]  # noqa: F401

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_core._use_gevent(gevent.get_hub, gevent.getcurrent)

__all__ = _zmqbind.__all__


def device(  # type: ignore[no-redef]  # in place of the plain one
    device_type: int, isocket: _core.Socket, osocket: _core.Socket
) -> int:
    """Run a proxy between two sockets, while other greenlets run: the older name of proxy. See zmqbind.device."""
    return _core.device(device_type, isocket, osocket)


def __getattr__(name: str) -> Any:
    """What else zmqbind has, such as its submodules."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_zmqbind, name)
