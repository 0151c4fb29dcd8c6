"""asyncio on its own event loop."""

from __future__ import annotations

import asyncio

import zmqbind.asyncio


class _Timeout:
    """asyncio.timeout for Python 3.10."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.expired = False

    async def __aenter__(self):
        self.task = asyncio.current_task()
        self.timer = asyncio.get_running_loop().call_later(self.seconds, self.expire)

    def expire(self):
        self.expired = True
        self.task.cancel()

    async def __aexit__(self, kind, error, traceback):
        self.timer.cancel()
        if self.expired and kind is asyncio.CancelledError:
            raise TimeoutError from error


class _Task:
    def __init__(self, coroutine):
        self.task = asyncio.ensure_future(coroutine)

    def cancel(self):
        self.task.cancel()

    async def wait(self):
        return await self.task


class Adapter:
    name = "asyncio"
    requires = ()
    lacks = frozenset()
    Cancelled = asyncio.CancelledError
    timeout = staticmethod(getattr(asyncio, "timeout", _Timeout))
    sleep = staticmethod(asyncio.sleep)
    spawn = _Task

    def make_context(self):
        return zmqbind.asyncio.Context()

    def new_loop(self):
        """A loop; for subclasses."""
        return asyncio.SelectorEventLoop()

    def run(self, function, *arguments):
        """As asyncio.run, with this loop."""
        loop = self.new_loop()
        try:
            return loop.run_until_complete(function(*arguments))
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True)) if tasks else None
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
