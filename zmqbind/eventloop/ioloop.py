"""Names that programs imported when ZeroMQ needed an event loop of its own. Use tornado.ioloop."""

from __future__ import annotations

from warnings import warn

from tornado.ioloop import IOLoop, PeriodicCallback

__all__ = ["IOLoop", "PeriodicCallback", "ZMQIOLoop", "install"]

ZMQIOLoop = IOLoop

warn("zmqbind.eventloop.ioloop is deprecated: use tornado.ioloop", DeprecationWarning, stacklevel=2)


def install() -> None:
    """Do nothing: there is no other loop to install."""
    warn("zmqbind.eventloop.ioloop.install() does nothing: leave it out", DeprecationWarning, stacklevel=2)
