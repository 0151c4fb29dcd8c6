"""Names that programs imported when ZeroMQ needed an event loop of its own. Use tornado.ioloop."""

from ...eventloop.ioloop import IOLoop, PeriodicCallback, ZMQIOLoop, install

__all__ = ["IOLoop", "PeriodicCallback", "ZMQIOLoop", "install"]
