"""An authenticator that runs in a thread of its own.

auth = ThreadAuthenticator(context)
auth.start()
auth.configure_plain(domain="*", passwords={"alice": "open sesame"})
"""

from __future__ import annotations

import asyncio
import atexit
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread

from ..asyncio import Socket
from .asyncio import serve
from .base import Authenticator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger
    from typing import Any

    from ..context import Context

__all__ = ["ThreadAuthenticator"]


class ThreadAuthenticator(Authenticator):
    """An Authenticator that answers from a thread, for programs without an event loop.

    The arguments are those of Authenticator. Callbacks, coroutines too, run in that thread.
    """

    _socket_class = Socket
    _temporary = (*Authenticator._temporary, asyncio.TimeoutError)  # not the built-in one on Python 3.10

    thread: Thread | None  #: while it is started

    def __init__(self, context: Context[Any] | None = None, encoding: str = "utf-8", log: Logger | None = None) -> None:
        super().__init__(context, encoding, log)
        self.thread = None
        self._cancel: Callable[[], object] = bool

    def start(self) -> None:
        """Start the thread; it answers when this returns.

        Raises as Authenticator.start does, and OSError, RuntimeError where there are no more descriptors or threads.
        """
        super().start()
        started: Future[Callable[[], object]] = Future()
        self.thread = Thread(target=self._run, args=[started], name="ThreadAuthenticator", daemon=True)
        try:
            self.thread.start()
            self._cancel = started.result()
        except BaseException:
            self.thread = None
            super().stop()
            raise
        atexit.register(self.stop)

    def _run(self, started: Future[Callable[[], object]]) -> None:
        try:
            asyncio.run(self._serve(started))
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            elif not isinstance(error, Exception) or not (self.zap_socket is None or self.zap_socket.closed):
                raise  # else the context was destroyed under the thread

    async def _serve(self, started: Future[Callable[[], object]]) -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(serve(self))
        started.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    def stop(self) -> None:
        """Stop the thread, and wait for it; clients that were not answered are refused. See Authenticator.stop."""
        atexit.unregister(self.stop)
        thread, self.thread = self.thread, None
        if thread is not None:
            if thread.is_alive():  # not in a forked child
                with suppress(RuntimeError):  # its event loop is being closed
                    self._cancel()
            thread.join()
        super().stop()

    def is_alive(self) -> bool:
        """Whether the thread is running."""
        return self.thread is not None and self.thread.is_alive()
