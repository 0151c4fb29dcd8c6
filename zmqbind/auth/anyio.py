"""An authenticator that runs in a task of anyio's, on asyncio or trio.

async with AnyioAuthenticator(context) as auth:
    auth.configure_plain(domain="*", passwords={"alice": "open sesame"})
    ...
"""

from __future__ import annotations

from anyio import TASK_STATUS_IGNORED, Semaphore, create_task_group, get_current_task

from ..anyio import Socket
from ..error import ContextTerminated, ZMQError
from .base import MAX_PENDING, Authenticator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from types import TracebackType
    from typing import Any

    from anyio.abc import TaskGroup, TaskStatus
    from typing_extensions import Self

    from ..context import Context

__all__ = ["AnyioAuthenticator"]


class AnyioAuthenticator(Authenticator):
    """An Authenticator that answers from a task. A callback that waits does not hold up other clients.

    The arguments are those of Authenticator; the context may be of any kind. Use it by `async with`, or let a task
    group start its `run`.
    """

    _socket_class = Socket

    def __init__(self, context: Context[Any] | None = None, encoding: str = "utf-8", log: Logger | None = None) -> None:
        super().__init__(context, encoding, log)
        self._group: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self.start()
        self._group = await create_task_group().__aenter__()
        self._group.start_soon(self._serve)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        group, self._group = self._group, None
        assert group is not None
        group.cancel_scope.cancel()
        if isinstance(error, Exception):
            await group.__aexit__(None, None, None)  # which would wrap it into an ExceptionGroup
        else:
            await group.__aexit__(exc_type, error, traceback)

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Start, and answer until cancelled, or until the context is terminated.

        task_status: told when it has started, for `await group.start(auth.run)`. Raises as Authenticator.start does.
        """
        self.start()
        task_status.started()
        await self._serve()

    async def _serve(self) -> None:
        socket: Any = self.zap_socket
        room = Semaphore(MAX_PENDING)

        async def handle(message: list[bytes]) -> None:
            try:
                await self.handle_zap_message(message)
            except (KeyboardInterrupt, GeneratorExit):
                raise
            except BaseException:  # must not end the authenticator: without one, CURVE servers let everybody in
                # A cancellation that nobody asked this task for is from something that a callback has waited for.
                if get_current_task().has_pending_cancellation():
                    raise
                if not socket.closed:
                    self.log.exception("A ZAP request was not answered")
            finally:
                room.release()

        try:
            async with create_task_group() as group:
                try:
                    while True:
                        await room.acquire()
                        group.start_soon(handle, await socket.recv_multipart())
                except ContextTerminated:
                    group.cancel_scope.cancel()
                except ZMQError:
                    if not socket.closed:
                        raise
                    group.cancel_scope.cancel()
        finally:
            self.stop()
