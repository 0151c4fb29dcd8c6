"""What the sockets of all event loops with coroutines have in common."""

from __future__ import annotations

from .error import ContextTerminated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Generic, TypeVar

    from typing_extensions import Self

    FutureT = TypeVar("FutureT")
else:
    from ._generic import Subscriptable as Generic

    FutureT = None

__all__ = ["Awaited", "AwaitedContext", "Helpers", "call_in_daemon"]


class Awaited:
    """Sockets for `async with` and `async for`."""

    __slots__ = ()

    if TYPE_CHECKING:
        recv: Any
        close: Any

    async def __aenter__(self) -> Self:
        """Return the socket; leaving the `async with` block closes it."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        """Return the socket: iterating over it receives messages as recv does, until the context is terminated."""
        return self

    async def __anext__(self) -> bytes:
        try:
            message: bytes = await self.recv()
        except ContextTerminated:
            raise StopAsyncIteration from None
        return message

    __iter__: Any = None  # use `async for`


class AwaitedContext:
    """Contexts for `async with`."""

    __slots__ = ()

    if TYPE_CHECKING:
        _sockets: Any
        term: Any

    async def __aenter__(self) -> Self:
        """Return the context; leaving the `async with` block closes its sockets and terminates it, in a thread."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for socket in self._sockets:
            socket.close()
        await self._in_thread(self.term)

    @staticmethod
    def _in_thread(function: Callable[[], object]) -> Awaitable[object]:
        """Call a function in a thread, while the event loop goes on."""
        raise NotImplementedError


def call_in_daemon(function: Callable[[], object], report: Callable[[BaseException | None], object]) -> None:
    """Call a function in a thread, and there, afterwards, report with the exception it has raised, or None.

    Neither the end of a loop nor that of the program waits for the thread: its context may have messages that it cannot
    get rid of.
    """
    from threading import Thread

    def work() -> None:
        error = None
        try:
            function()
        except BaseException as raised:
            error = raised
        report(error)

    Thread(target=work, name="zmqbind: the end of a context", daemon=True).start()


class Helpers(Awaited, Generic[FutureT]):
    """The receiving helpers of sockets whose methods return futures."""

    __slots__ = ()

    if TYPE_CHECKING:
        _recv_part: Any
        _recv_message: Any
        _further_part: Any
        _more_parts: Any

    def recv_json(self, flags: int = 0, **kwargs: Any) -> FutureT:
        """Receive a message that is JSON; a future of the object. See zmqbind.Socket.recv_json."""
        from .utils import jsonapi

        future: FutureT = self._recv_part(flags, lambda part: jsonapi.loads(part, **kwargs))
        return future

    def recv_pyobj(self, flags: int = 0) -> FutureT:
        """Receive a message and unpickle it; a future of the object. See zmqbind.Socket.recv_pyobj."""
        from .utils import pickling

        load = pickling.load
        future: FutureT = self._recv_part(flags, lambda part: load(part, self._further_part, self._more_parts))
        return future

    def recv_serialized(self, deserialize: Callable[[list[Any]], Any], flags: int = 0, copy: bool = True) -> FutureT:
        """Receive a multipart message; a future of what a function makes of it. See zmqbind.Socket.recv_serialized."""
        future: FutureT = self._recv_message(flags, copy, deserialize)
        return future
