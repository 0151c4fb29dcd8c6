"""Tornado: ZMQStream in `zmqstream`, and sockets to await in `future`. Needs Tornado 6.1 or newer."""

from __future__ import annotations

from tornado.ioloop import IOLoop

__all__ = ["IOLoop"]
