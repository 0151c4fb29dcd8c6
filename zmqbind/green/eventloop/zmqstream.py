"""ZMQStream, which is the same for gevent's sockets: a stream never waits in its socket.

It is loaded when it is first touched, and Tornado with it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ZMQStream"]  # noqa: F822


def __getattr__(name: str) -> Any:
    if name == "ZMQStream":
        from importlib import import_module

        return import_module("zmqbind.eventloop.zmqstream").ZMQStream
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
