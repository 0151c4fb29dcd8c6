"""An authenticator that runs in an asyncio event loop.

auth = AsyncioAuthenticator(context)
auth.start()
auth.configure_plain(domain="*", passwords={"alice": "open sesame"})
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ..asyncio import Socket
from ..error import ContextTerminated, ZMQError
from .base import MAX_PENDING, Authenticator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from logging import Logger
    from typing import Any

    from ..context import Context

__all__ = ["AsyncioAuthenticator"]


class AsyncioAuthenticator(Authenticator):
    """An Authenticator that answers from an asyncio event loop. A callback that waits does not hold up other clients.

    context, encoding, log: as for Authenticator; the context may be of any kind. loop: the event loop to run in;
    None: the one that is the current one when start is called.
    """

    _socket_class = Socket
    _temporary = (*Authenticator._temporary, asyncio.TimeoutError)  # not the built-in one on Python 3.10

    def __init__(
        self,
        context: Context[Any] | None = None,
        loop: AbstractEventLoop | None = None,
        encoding: str = "utf-8",
        log: Logger | None = None,
    ) -> None:
        super().__init__(context, encoding, log)
        self._loop = loop
        self._task: Task[None] | None = None

    def start(self) -> None:
        """Begin to answer. Raises as Authenticator.start does, and RuntimeError without an event loop that is open."""
        loop = asyncio.get_event_loop() if self._loop is None else self._loop
        if loop.is_closed():
            raise RuntimeError("the event loop is closed")
        super().start()
        self._task = loop.create_task(serve(self))

    def stop(self) -> None:
        """Stop answering; clients that were not answered are refused. See Authenticator.stop."""
        task, self._task = self._task, None
        if task is not None:
            with suppress(RuntimeError):  # its event loop is closed
                task.cancel()
        super().stop()


async def serve(authenticator: Authenticator) -> None:
    """Answer until cancelled, or until the socket or its context is closed."""
    socket: Any = authenticator.zap_socket
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(MAX_PENDING)
    pending: set[Task[None]] = set()

    def finish(task: Task[None]) -> None:
        pending.discard(task)
        room.release()
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ContextTerminated) and not socket.closed:
            authenticator.log.error("A ZAP request was not answered", exc_info=error)

    try:
        while True:
            await room.acquire()
            task = loop.create_task(authenticator.handle_zap_message(await socket.recv_multipart()))
            pending.add(task)
            task.add_done_callback(finish)
    except ContextTerminated:
        socket.close()  # which Context.term waits for
    except ZMQError:
        if not socket.closed:
            raise
    finally:
        for task in pending:
            task.cancel()
