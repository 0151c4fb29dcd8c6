"""Sockets for anyio: coroutine methods, on asyncio and on trio.

import anyio
import zmqbind as zmq
import zmqbind.anyio

async def main():
    async with zmq.anyio.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect("tcp://127.0.0.1:5000")
        await socket.send_string("Hello")
        print(await socket.recv_string())

anyio.run(main, backend="trio")
"""

from __future__ import annotations

import sys
from contextlib import suppress
from weakref import WeakValueDictionary

import anyio
from anyio import ClosedResourceError, create_task_group, move_on_after
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from . import _core
from . import context as _context
from . import poll as _poll
from . import socket as _socket
from ._awaited import Awaited, AwaitedContext, call_in_daemon
from .constants import Errno, PollEvent
from .error import ZMQError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, ClassVar, Literal, overload

    from typing_extensions import Buffer, Self

__all__ = ["Context", "Poller", "Socket", "SocketClosed"]

PENDING = _core.PENDING


class SocketClosed(ZMQError, ClosedResourceError):
    """The socket has been closed, perhaps while a task waited for it (ENOTSOCK)."""

    def __init__(self, errno: object = "ignored", msg: str = "the socket is closed") -> None:
        super().__init__(Errno.ENOTSOCK, msg)


def _in_trio() -> bool:
    """Whether this is called by a trio task; without importing trio."""
    trio = sys.modules.get("trio.lowlevel")
    return trio is not None and trio.in_trio_task()


class _TrioLoop(_core.Loop):
    """A run of trio, as the engine uses it.

    Trio lets one task wait for a descriptor: the lead, who wakes the others. A message for the lead so reaches it
    without a detour.
    """

    has_leads = True

    def __init__(self, token: Any) -> None:
        import outcome
        import trio

        super().__init__(token, object)
        self.checkpoint = trio.lowlevel.checkpoint
        self.current = trio.lowlevel.current_trio_token
        self.cancel_point = trio.lowlevel.checkpoint_if_cancelled
        # What that coroutine yields is all that trio's scheduler needs to be told; it is the same each time.
        schedule_point = trio.lowlevel.cancel_shielded_checkpoint()
        self.turn = schedule_point.send(None)
        schedule_point.close()
        self.outcome = outcome.Value
        self._trio = trio.lowlevel
        self._closed_error = trio.ClosedResourceError
        self._finished_error = trio.RunFinishedError

    async def sleep(self, operation: _core.Operation) -> None:
        """Return when the task is to try."""
        engine = operation.engine

        def abort(raise_cancel: object) -> Any:
            operation.future = None
            return self._trio.Abort.SUCCEEDED

        while not operation.woken:
            if engine.lead is None:
                engine.lead = operation
                try:
                    await self._trio.wait_readable(engine.descriptor)
                except self._closed_error:  # how rouse() wakes the lead
                    continue
                finally:
                    if engine.lead is operation:
                        engine.lead = None
                engine.look()
            else:
                operation.future = self._trio.current_task()
                await self._trio.wait_task_rescheduled(abort)

    def rouse(self, operation: _core.Operation) -> None:
        if operation is operation.engine.lead:
            self._trio.notify_closing(operation.engine.descriptor)
        elif operation.future is not None:
            task, operation.future = operation.future, None
            self._trio.reschedule(task)

    def cancel(self, operation: _core.Operation) -> None:
        operation.woken = True
        if not self.closed():
            self.rouse(operation)

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        """The lead does that."""

    def unwatch(self, descriptor: int) -> None:
        """The lead has left."""

    def soon(self, callback: Callable[[], object]) -> None:
        with suppress(self._finished_error):
            self.loop.run_sync_soon(callback)

    soon_threadsafe = soon

    def closed(self) -> bool:
        try:
            self.loop.run_sync_soon(bool)
        except self._finished_error:
            return True
        return False

    def elsewhere(self) -> bool:
        try:
            return self._trio.current_trio_token() is not self.loop and not self.closed()
        except RuntimeError:
            return not self.closed()


class _AsyncioLoop(_core.Loop):
    """An asyncio event loop, as the engine uses it."""

    has_leads = False

    def __init__(self, loop: Any) -> None:
        super().__init__(loop, loop.create_future)
        self.checkpoint = _core.Turn
        self._watchers: dict[int, Any] = {}  # by descriptor; where the loop itself cannot watch

    async def sleep(self, operation: _core.Operation) -> None:
        """Return when the task is to try."""
        if not operation.woken:
            operation.future = self.loop.create_future()
            try:
                await operation.future
            finally:
                operation.future = None

    def rouse(self, operation: _core.Operation) -> None:
        future = operation.future
        if future is not None and not future.done():
            future.set_result(None)

    def cancel(self, operation: _core.Operation) -> None:
        operation.woken = True
        if not self.loop.is_closed():
            self.rouse(operation)

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        try:
            self.loop.add_reader(descriptor, callback)
        except NotImplementedError:  # Windows' Proactor loop, for which anyio has a thread
            self._watchers[descriptor] = self.loop.create_task(self._watch(descriptor, callback))

    async def _watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        while True:
            await anyio.wait_readable(descriptor)
            callback()

    def unwatch(self, descriptor: int) -> None:
        if self.loop.is_closed():
            return
        watcher = self._watchers.pop(descriptor, None)
        if watcher is None:
            self.loop.remove_reader(descriptor)
        else:
            watcher.cancel()

    def soon(self, callback: Callable[[], object]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon(callback)

    def soon_threadsafe(self, callback: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # it has been closed just now
            self.loop.call_soon_threadsafe(callback)

    def closed(self) -> bool:
        return bool(self.loop.is_closed())

    def elsewhere(self) -> bool:
        return self.loop.is_running() and _running() is not self.loop


_loops: WeakValueDictionary[int, _TrioLoop | _AsyncioLoop] = WeakValueDictionary()  # by the id of what they stand for


def _running() -> Any:
    """The loop that runs: an asyncio event loop, or trio's token; None outside of both."""
    if _in_trio():
        return sys.modules["trio.lowlevel"].current_trio_token()
    import asyncio

    return asyncio._get_running_loop()


def _no_loop() -> Any:
    raise RuntimeError("neither asyncio nor trio is running")


def _loop_of(running: Any) -> _TrioLoop | _AsyncioLoop:
    known = _loops.get(id(running))
    if known is None or known.loop is not running:
        known = _loops[id(running)] = _TrioLoop(running) if _in_trio() else _AsyncioLoop(running)
    return known


class Socket(Awaited, _core.TaskSocket, _socket.Socket):  # methods are coroutines here
    """A socket whose methods that send, receive or poll are coroutines, for asyncio and trio by anyio.

    The arguments are those of zmqbind.Socket. It works in whichever event loop runs, one at a time.

    Every call is a checkpoint, for cancellation and for the scheduler, also where nothing had to be waited for. A call
    that is cancelled has not received or sent anything. Tasks that wait for the same socket are served in the order in
    which they came. When the socket is closed they raise SocketClosed. See docs/anyio.md.
    """

    __slots__ = ()

    _running_loop: ClassVar[Callable[[], Any]] = staticmethod(_running)
    _current_loop: ClassVar[Callable[[], Any]] = staticmethod(_no_loop)
    _loop_for: ClassVar[Callable[[Any], _core.Loop]] = staticmethod(_loop_of)

    @classmethod
    def from_socket(cls, socket: _core.Socket) -> Self:
        """Return an anyio socket for another socket, which stays open when this one is dropped.

        socket: a Socket of any kind.
        """
        return cls(shadow=socket)

    async def _do(self, operation: _core.Operation, timeout: float | None = None) -> Any:
        """Do an operation, and return its result. timeout: milliseconds, or None for those of the option."""
        checkpoint = operation.engine.loop.checkpoint
        try:
            promising = self._promising(operation)
            if promising:
                await checkpoint()
                # From here on nothing is awaited any more, so what is taken now gets to the caller.
                result = self._try(operation)
                if result is not PENDING:
                    return result
            patience = self._patience(operation, timeout)
            if patience == 0 and not operation.woken:
                if not promising:
                    await checkpoint()
                return self._give_up(operation)
            if not promising:
                await checkpoint_if_cancelled()
            if patience <= 0:
                return await self._wait(operation, bool(patience))
            with move_on_after(patience / 1000):
                return await self._wait(operation, True)
            return self._give_up(operation)
        except ZMQError as error:
            if error.errno == Errno.ENOTSOCK and self.closed:
                raise SocketClosed() from None
            raise

    async def _wait(self, operation: _core.Operation, patient: bool) -> Any:
        """Do an operation when its turn has come and libzmq lets it."""
        self._join(operation)
        try:
            while True:
                if operation.woken:
                    await operation.engine.loop.checkpoint()
                elif self._begun(operation):
                    with anyio.CancelScope(shield=True):  # the other half of a message cannot be taken back
                        await operation.engine.loop.sleep(operation)
                else:
                    await operation.engine.loop.sleep(operation)
                result = self._try(operation)
                if result is not PENDING:
                    return result
                if not patient and not operation.woken:
                    return self._give_up(operation)
        finally:
            self._leave(operation)

    # Messages

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        async def recv(self, flags: int = 0, copy: Literal[True] = True, track: bool = False) -> bytes: ...
        @overload
        async def recv(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> _core.Frame: ...
        @overload
        async def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes | _core.Frame: ...

    async def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive one message, or one part of one. See zmqbind.Socket.recv."""
        soon = self._recv_soon(copy)
        if soon is not None:
            part = await soon
            if part is not PENDING:
                return part
        return await self._do(self._to_recv(flags, copy))

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        async def recv_multipart(
            self, flags: int = 0, copy: Literal[True] = True, track: bool = False
        ) -> list[bytes]: ...
        @overload
        async def recv_multipart(
            self, flags: int = 0, *, copy: Literal[False], track: bool = False
        ) -> list[_core.Frame]: ...
        @overload
        async def recv_multipart(
            self, flags: int = 0, copy: bool = True, track: bool = False
        ) -> list[bytes] | list[_core.Frame]: ...

    async def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive all parts of a message. See zmqbind.Socket.recv_multipart."""
        return await self._do(self._to_recv_multipart(flags, copy))

    async def recv_into(  # type: ignore[override]
        self, buffer: Buffer, /, *, nbytes: int = 0, flags: int = 0
    ) -> int:
        """Receive one message, or one part of one, into a buffer. See zmqbind.Socket.recv_into."""
        size: int = await self._do(self._to_recv_into(buffer, nbytes, flags))
        return size

    async def recv_string(  # type: ignore[override]
        self, flags: int = 0, encoding: str = "utf-8"
    ) -> str:
        """Receive one message as str. See zmqbind.Socket.recv_string."""
        part: bytes = await self.recv(flags)
        return part.decode(encoding)

    recv_unicode = recv_string  # type: ignore[assignment]

    async def recv_json(self, flags: int = 0, **kwargs: Any) -> Any:
        """Receive a message and return the object that it is in JSON. See zmqbind.Socket.recv_json."""
        from .utils import jsonapi

        return jsonapi.loads(await self.recv(flags), **kwargs)

    async def recv_pyobj(self, flags: int = 0) -> Any:
        """Receive a message and unpickle it. See zmqbind.Socket.recv_pyobj."""
        from .utils import pickling

        def load(part: bytes) -> Any:
            return pickling.load(part, self._further_part, self._more_parts)

        return await self._do(self._to_recv(flags, True, load))

    async def recv_serialized(self, deserialize: Callable[[list[Any]], Any], flags: int = 0, copy: bool = True) -> Any:
        """Receive a multipart message and return what a function makes of it. See zmqbind.Socket.recv_serialized."""
        return deserialize(await self.recv_multipart(flags, copy))

    async def send(  # type: ignore[override]
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> _core.MessageTracker | None:
        """Send one message, or one part of one. See zmqbind.Socket.send."""
        if type(data) is bytes and copy and routing_id is None and group is None:
            soon = self._send_soon(data, flags)
            if soon is not None and await soon is not PENDING:
                return None
        operation = self._to_send((data,), flags, copy, track, routing_id, group, False)
        tracker: _core.MessageTracker | None = await self._do(operation)
        return tracker

    async def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Iterable[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> _core.MessageTracker | None:
        """Send a message of several parts, whole or not at all. See zmqbind.Socket.send_multipart."""
        parts = tuple(msg_parts)
        if not parts:
            raise IndexError("msg_parts is empty")
        operation = self._to_send(parts, flags, copy, track, routing_id, group, True)
        tracker: _core.MessageTracker | None = await self._do(operation)
        return tracker

    async def send_string(  # type: ignore[override]
        self,
        u: str,
        flags: int = 0,
        copy: bool = True,
        encoding: str = "utf-8",
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> _core.MessageTracker | None:
        """Send a str as one message. See zmqbind.Socket.send_string."""
        if not isinstance(u, str):
            raise TypeError(f"u: expected str, got {type(u).__name__}")
        return await self.send(u.encode(encoding), flags, copy, track, routing_id, group)

    send_unicode = send_string  # type: ignore[assignment]

    async def send_json(self, obj: object, flags: int = 0, **kwargs: Any) -> Any:
        """Send an object as JSON, in one message. See zmqbind.Socket.send_json."""
        return await super().send_json(obj, flags, **kwargs)

    async def send_pyobj(
        self, obj: object, flags: int = 0, protocol: int | None = None, *, out_of_band: bool = False, **kwargs: Any
    ) -> Any:
        """Send a pickled object. See zmqbind.Socket.send_pyobj."""
        return await super().send_pyobj(obj, flags, protocol, out_of_band=out_of_band, **kwargs)

    async def send_serialized(
        self, msg: Any, serialize: Callable[[Any], Sequence[Any]], flags: int = 0, copy: bool = True, **kwargs: Any
    ) -> Any:
        """Send an object in the frames that a function makes of it. See zmqbind.Socket.send_serialized."""
        return await self.send_multipart(serialize(msg), flags, copy, **kwargs)

    # Batches

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        async def recv_batch(
            self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, copy: Literal[True] = True
        ) -> list[bytes]: ...
        @overload
        async def recv_batch(
            self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, *, copy: Literal[False]
        ) -> list[_core.Frame]: ...

    async def recv_batch(
        self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, copy: bool = True
    ) -> Any:
        """Wait for one message, then receive all that are there. See zmqbind.Socket.recv_batch."""
        return await self._do(self._to_recv_batch(max_messages, flags, copy, False), timeout)

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        async def recv_batch_multipart(
            self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, copy: Literal[True] = True
        ) -> list[list[bytes]]: ...
        @overload
        async def recv_batch_multipart(
            self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, *, copy: Literal[False]
        ) -> list[list[_core.Frame]]: ...

    async def recv_batch_multipart(
        self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, copy: bool = True
    ) -> Any:
        """Wait for one message, then receive all that are there, each with all its parts.

        See zmqbind.Socket.recv_batch_multipart.
        """
        return await self._do(self._to_recv_batch(max_messages, flags, copy, True), timeout)

    async def send_batch(  # type: ignore[override]
        self, messages: Iterable[Any], flags: int = 0, copy: bool = True
    ) -> int:
        """Send many messages; return how many were sent. See zmqbind.Socket.send_batch.

        If it is cancelled, some of them have been sent, each whole, and the others not. Other tasks get a turn after
        every thousand.
        """
        sent: int = await self._do(self._to_send_batch(messages, flags, copy, False))
        return sent

    async def send_batch_multipart(  # type: ignore[override]
        self, messages: Iterable[Iterable[Any]], flags: int = 0, copy: bool = True
    ) -> int:
        """Send many multipart messages; return how many were sent. See zmqbind.Socket.send_batch_multipart."""
        sent: int = await self._do(self._to_send_batch(messages, flags, copy, True))
        return sent

    # State

    async def poll(self, timeout: float | None = None, flags: int = PollEvent.POLLIN) -> int:  # type: ignore[override]
        """Wait until the socket can be read from or written to; return those of flags that are ready.

        See zmqbind.Socket.poll.
        """
        ready: int = await self._do(self._to_poll(flags), -1 if timeout is None else timeout)
        return ready

    async def aclose(self) -> None:
        """Close the socket, and let others have a turn."""
        self.close()
        await checkpoint()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


class Context(AwaitedContext, _context.Context[Socket]):
    """A context whose sockets are anyio's. See zmqbind.Context."""

    __slots__ = ()
    _socket_class = Socket

    @staticmethod
    async def _in_thread(function: Callable[[], object]) -> None:
        ended = anyio.Event()
        loop = _loop_of(_running())
        errors: list[BaseException | None] = []

        def report(error: BaseException | None) -> None:
            errors.append(error)
            loop.soon_threadsafe(ended.set)

        call_in_daemon(function, report)
        await ended.wait()
        if errors[0] is not None:
            raise errors[0]


class Poller(_poll.Poller):
    """Waits for several sockets and descriptors at once; poll is a coroutine."""

    __slots__ = ()

    async def poll(self, timeout: float | None = -1) -> list[tuple[Any, int]]:  # type: ignore[override]
        """Wait until something registered is ready.

        timeout: milliseconds, int or float; None or negative: without limit. Returns a list of pairs of a socket or
        descriptor and the events that it is ready for, int; empty when the time is up.
        """
        milliseconds = _core._milliseconds(timeout)
        await checkpoint()
        ready = super().poll(0)
        if ready or milliseconds == 0:
            return ready
        with move_on_after(milliseconds / 1000 if milliseconds > 0 else float("inf")):
            while not ready:
                await self._change()
                ready = super().poll(0)
        return ready

    async def _change(self) -> None:
        """Wait until something registered seems to be ready."""
        errors: list[Exception] = []

        async def watch(socket: Any, flags: int) -> None:
            try:
                await _ready(socket, flags)
            except Exception as error:
                errors.append(error)
            group.cancel_scope.cancel()

        async with create_task_group() as group:
            for socket, flags in self.sockets:
                if not isinstance(socket, _core.Socket) and flags & PollEvent.POLLOUT:
                    group.start_soon(watch, socket, PollEvent.POLLOUT)
                    flags &= ~PollEvent.POLLOUT
                if flags:
                    group.start_soon(watch, socket, flags)
        if errors:
            raise errors[0]


async def _ready(socket: Any, flags: int) -> None:
    """Wait until a socket, or a descriptor, is ready for flags."""
    if isinstance(socket, _core.Socket):
        await (socket if isinstance(socket, Socket) else Socket.from_socket(socket)).poll(-1, flags)
    elif flags & PollEvent.POLLOUT:
        await anyio.wait_writable(socket)
    else:
        await anyio.wait_readable(socket)
