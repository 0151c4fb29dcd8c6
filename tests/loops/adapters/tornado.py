"""The futures of zmqbind.eventloop.future on Tornado's loop."""

from __future__ import annotations

from loops.adapters import asyncio
from tornado.ioloop import IOLoop

from zmqbind.eventloop.future import CancelledError, Context


class Adapter(asyncio.Adapter):
    name = "tornado"
    requires = ("tornado",)
    Cancelled = CancelledError

    def make_context(self):
        return Context()

    def run(self, function, *arguments):
        io_loop = IOLoop(make_current=False)
        try:
            return io_loop.run_sync(lambda: function(*arguments))
        finally:
            io_loop.close()
