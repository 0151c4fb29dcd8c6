"""Sockets for asyncio: what their methods do is awaited.

import asyncio
import zmqbind as zmq
import zmqbind.asyncio

async def main():
    async with zmq.asyncio.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect("tcp://127.0.0.1:5000")
        await socket.send_string("Hello")
        print(await socket.recv_string())

asyncio.run(main())
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio import Future
from contextlib import suppress
from weakref import WeakValueDictionary

from . import _core
from . import context as _context
from . import poll as _poll
from . import socket as _socket
from ._awaited import AwaitedContext, Helpers, call_in_daemon
from .constants import PollEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable, Generator
    from typing import Any, ClassVar

    from typing_extensions import Self

__all__ = ["Context", "Poller", "Socket"]

WIN32 = sys.platform == "win32"
NO_READER = (
    "the event loop {loop!r} cannot wait for descriptors, which ZeroMQ sockets need. On Windows, run asyncio on "
    "SelectorEventLoop, or install Tornado 6.1 or newer, whose selector thread is used then"
)


class _Future(Future):  # type: ignore[type-arg]  # cannot be subscripted in a base at run time
    """The future of an operation that waits."""

    def __init__(self, operation: _core.Operation, loop: AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._operation = operation
        self._awaiting = 0  # coroutines that do

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the operation: a message is then left for the next receiver, or not sent at all."""
        if not super().cancel(msg):
            return False
        self._operation.abandon()
        return True

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            if not self.done():
                self._asyncio_future_blocking = True
                self._awaiting += 1
                try:
                    yield self
                except BaseException:
                    # Whoever awaits this is cancelled, and will never see what was received for him just before.
                    if self._awaiting > 1:
                        pass  # but another one will
                    elif not self.done():
                        self._operation.abandon()  # the coroutine was closed
                    elif not self.cancelled() and self.exception() is None:
                        self._operation.give_back(self.result())
                    raise
                finally:
                    self._awaiting -= 1
                self._operation.delivered()
            return self.result()
        finally:
            del self  # which has the exception, whose traceback has this frame

    __iter__ = __await__


class _Loop(_core.Loop):
    """An asyncio event loop, as the engine uses it."""

    _watcher: Any  # what has add_reader: the loop, or Tornado's selector thread beside it

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__(loop, loop.create_future)
        self._watcher = loop

    def waiting(self, operation: _core.Operation) -> _Future:
        return _Future(operation, self.loop)

    def resolve(self, operation: _core.Operation, value: object) -> bool:
        future = operation.future
        if future.done():  # by somebody else
            operation.give_back(value)
            return False
        future.set_result(value)
        return True

    def reject(self, operation: _core.Operation, error: BaseException) -> None:
        future = operation.future
        if not future.done():
            future.set_exception(error)

    def cancel(self, operation: _core.Operation) -> None:
        if not self.loop.is_closed():
            operation.future.cancel()

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        try:
            self._watcher.add_reader(descriptor, callback)
        except NotImplementedError:
            self._watcher = self._selector_thread()
            self._watcher.add_reader(descriptor, callback)

    def _selector_thread(self) -> Any:
        """On a Proactor loop, which is not verified: a thread that waits for descriptors in its stead."""
        try:
            from tornado.platform.asyncio import AddThreadSelectorEventLoop
        except ImportError:
            raise RuntimeError(NO_READER.format(loop=self.loop)) from None
        make: Any = AddThreadSelectorEventLoop  # typed as if it were abstract
        return make(self.loop)

    def unwatch(self, descriptor: int) -> None:
        if not self.loop.is_closed():
            self._watcher.remove_reader(descriptor)

    def soon(self, callback: Callable[[], object]) -> None:
        self.loop.call_soon(callback)

    def soon_threadsafe(self, callback: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # it has been closed just now
            self.loop.call_soon_threadsafe(callback)

    def later(self, seconds: float, callback: Callable[[], object]) -> TimerHandle:
        handle: TimerHandle = self.loop.call_later(seconds, callback)
        return handle

    def closed(self) -> bool:
        return bool(self.loop.is_closed())

    def elsewhere(self) -> bool:
        return self.loop.is_running() and asyncio._get_running_loop() is not self.loop


_loops: WeakValueDictionary[int, _Loop] = WeakValueDictionary()  # by the id of the event loop


def _loop_of(loop: AbstractEventLoop) -> _Loop:
    known = _loops.get(id(loop))
    if known is None or known.loop is not loop:
        known = _loops[id(loop)] = _Loop(loop)
    return known


def _deprecated_loop(io_loop: object, name: str) -> None:
    if io_loop is not None:
        from warnings import warn

        text = f"{name}: io_loop is ignored; a socket works in whichever event loop runs"
        warn(text, DeprecationWarning, stacklevel=3)


class Socket(Helpers["Future[Any]"], _core.AsyncSocket, _socket.Socket):
    """A socket whose methods that send, receive or poll return futures, which are done already where they can be.

    context: the Context to make it in, or a Socket to shadow. socket_type: int, a SocketType. kwargs: as for
    zmqbind.Socket. It works in whichever event loop runs, one at a time.

    A message that has come in for a receiver who was cancelled goes to the next one. Receivers are served in the order
    in which they came, and so are senders. See docs/asyncio.md.
    """

    __slots__ = ()

    _running_loop: ClassVar[Callable[[], AbstractEventLoop | None]] = staticmethod(asyncio._get_running_loop)
    _current_loop: ClassVar[Callable[[], AbstractEventLoop]] = staticmethod(asyncio.get_event_loop)
    _loop_for: ClassVar[Callable[[AbstractEventLoop], _Loop]] = staticmethod(_loop_of)

    def __init__(
        self,
        context: _core.Context | _core.Socket | None = None,
        socket_type: int = -1,
        io_loop: object = None,
        _from_socket: _core.Socket | None = None,
        **kwargs: Any,
    ) -> None:
        _deprecated_loop(io_loop, "Socket")
        super().__init__(_from_socket if context is None else context, socket_type, **kwargs)

    @classmethod
    def from_socket(cls, socket: _core.Socket, io_loop: object = None) -> Self:
        """Return an asyncio socket for another socket, which stays open when this one is dropped.

        socket: a Socket of any kind. io_loop: ignored.
        """
        _deprecated_loop(io_loop, "from_socket")
        return cls(_from_socket=socket)


class Context(AwaitedContext, _context.Context[Socket]):
    """A context whose sockets are asyncio's. See zmqbind.Context."""

    __slots__ = ()
    _socket_class = Socket

    @staticmethod
    def _in_thread(function: Callable[[], object]) -> Future[object]:
        loop = asyncio.get_running_loop()
        future: Future[object] = loop.create_future()

        def end(error: BaseException | None) -> None:
            if future.done():  # cancelled
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        def report(error: BaseException | None) -> None:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(end, error)

        call_in_daemon(function, report)
        return future


class Poller(_poll.Poller):
    """Waits for several sockets and descriptors at once; poll returns a future."""

    __slots__ = ()

    def poll(self, timeout: float | None = -1) -> Future[list[tuple[Any, int]]]:  # type: ignore[override]
        """Wait until something registered is ready.

        timeout: milliseconds, int or float; None or negative: without limit. Returns a future of a list of pairs of
        a socket or descriptor and the events that it is ready for, int; empty when the time is up.
        """
        loop = asyncio.get_event_loop()
        future: Future[list[tuple[Any, int]]] = loop.create_future()
        try:
            milliseconds = _core._milliseconds(timeout)
            ready = self._ready()
            if ready or milliseconds == 0:
                future.set_result(ready)
            else:
                _Wait(self, loop, future, milliseconds)
        except Exception as error:
            future.set_exception(error)
        return future

    def _ready(self) -> list[tuple[Any, int]]:
        """What is ready now."""
        events = dict(super().poll(0))
        for socket, flags in self.sockets:
            if isinstance(socket, Socket) and flags & PollEvent.POLLIN and socket._has_returned:
                events[socket] = events.get(socket, 0) | PollEvent.POLLIN
        return list(events.items())


class _Wait:
    """A poll that goes on: it watches all that is registered, and looks again when something happens."""

    def __init__(
        self, poller: Poller, loop: AbstractEventLoop, future: Future[list[tuple[Any, int]]], timeout: int
    ) -> None:
        self._poller = poller
        self._loop = loop
        self._future = future
        self._polls: list[Future[int]] = []
        self._timer: TimerHandle | None = None
        self._descriptors: list[tuple[int, int]] = []
        future.add_done_callback(self._end)
        if timeout > 0:
            self._timer = loop.call_later(timeout / 1000, self._expire)
        for socket, flags in poller.sockets:
            self._watch(socket, flags)

    def _watch(self, socket: Any, flags: int) -> None:
        if isinstance(socket, _core.Socket):
            mine = socket if isinstance(socket, Socket) else Socket.from_socket(socket)
            poll = mine.poll(-1, flags)
            poll.add_done_callback(self._look)
            self._polls.append(poll)
            return
        descriptor = socket if isinstance(socket, int) else socket.fileno()
        # A loop has one reader for each descriptor, which may be another poll's or the program's own: so a duplicate is
        # watched. (Not verified: on Windows sockets cannot be duplicated like this.)
        if not WIN32:
            descriptor = os.dup(descriptor)
        self._descriptors.append((descriptor, flags))
        if flags & PollEvent.POLLIN:
            self._loop.add_reader(descriptor, self._look)
        if flags & PollEvent.POLLOUT:
            self._loop.add_writer(descriptor, self._look)

    def _look(self, poll: Future[int] | None = None) -> None:
        if self._future.done():
            return
        try:
            if poll is not None and not poll.cancelled():
                poll.result()
            ready = self._poller._ready()
        except Exception as error:
            self._future.set_exception(error)
        else:
            if ready:
                self._future.set_result(ready)

    def _expire(self) -> None:
        if not self._future.done():
            self._future.set_result([])

    def _end(self, future: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for poll in self._polls:
            poll.cancel()
        for descriptor, flags in self._descriptors:
            if flags & PollEvent.POLLIN:
                self._loop.remove_reader(descriptor)
            if flags & PollEvent.POLLOUT:
                self._loop.remove_writer(descriptor)
        self._close()

    def _close(self) -> None:
        descriptors, self._descriptors = self._descriptors, []
        if not WIN32:
            for descriptor, _ in descriptors:
                os.close(descriptor)

    __del__ = _close  # when the loop was closed before the poll had ended
