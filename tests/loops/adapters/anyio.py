"""anyio on asyncio."""

from __future__ import annotations

import anyio

import zmqbind.anyio


class Timeout:
    """anyio.fail_after, as an asynchronous context manager."""

    def __init__(self, seconds):
        self.scope = anyio.fail_after(seconds)

    async def __aenter__(self):
        self.scope.__enter__()

    async def __aexit__(self, *error):
        return self.scope.__exit__(*error)


class Task:
    """A task of the adapter's group, in a scope of its own. A failure waits there for who asks for the result."""

    def __init__(self, group, coroutine):
        self.scope = anyio.CancelScope()
        self.done = anyio.Event()
        self.result = self.error = None
        group.start_soon(self.run, coroutine)

    async def run(self, coroutine):
        try:
            with self.scope:
                self.result = await coroutine
        except Exception as error:
            self.error = error
        finally:
            self.done.set()

    def cancel(self):
        self.scope.cancel()

    async def wait(self):
        await self.done.wait()
        if self.scope.cancelled_caught:
            raise Cancelled
        if self.error is not None:
            raise self.error
        return self.result


class Cancelled(Exception):
    """The task was cancelled: anyio's own exception for that never leaves its scope."""


class Adapter:
    name = "anyio-asyncio"
    requires = ()
    lacks = frozenset()
    backend = "asyncio"
    backend_options = {}  # noqa: RUF012
    Cancelled = Cancelled
    timeout = Timeout
    sleep = staticmethod(anyio.sleep)

    def make_context(self):
        return zmqbind.anyio.Context()

    def spawn(self, coroutine):
        return Task(self.group, coroutine)

    def run(self, function, *arguments):
        async def main():
            async with anyio.create_task_group() as self.group:
                result = await function(*arguments)
                self.group.cancel_scope.cancel()
            return result

        return anyio.run(main, backend=self.backend, backend_options=self.backend_options)


class UvloopAdapter(Adapter):
    name = "anyio-uvloop"
    requires = ("uvloop",)
    backend_options = {"use_uvloop": True}  # noqa: RUF012
