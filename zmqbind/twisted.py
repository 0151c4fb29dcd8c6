"""Sockets for Twisted: what their methods do is a Deferred, which coroutines await; and protocols for sockets.

from twisted.internet import task
import zmqbind as zmq
import zmqbind.twisted

async def main(reactor):
    async with zmq.twisted.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect("tcp://127.0.0.1:5000")
        await socket.send_string("Hello")
        print(await socket.recv_string())

task.react(lambda reactor: main(reactor))
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from . import _core
from . import context as _context
from . import socket as _socket
from ._awaited import AwaitedContext, Helpers, call_in_daemon
from ._twisted_protocol import ZMQProtocol, ZMQTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ClassVar

    from twisted.python.failure import Failure

    from ._twisted_types import Methods
else:
    Methods = Helpers

__all__ = ["Context", "Socket", "ZMQProtocol", "ZMQTransport"]


class _Deferred(Deferred[Any]):
    """The result of an operation."""

    def set_result(self, result: object) -> None:
        self.callback(result)

    def set_exception(self, error: BaseException) -> None:
        self.errback(error)


class _Timer:
    """Something to be called later."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        try:
            self._call.cancel()
        except (AlreadyCalled, AlreadyCancelled):
            pass


@implementer(IReadDescriptor)
class _Reader:
    """The descriptor of a socket, as reactors want it."""

    def __init__(self, loop: _Loop, descriptor: int, callback: _core.WeakCall) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._callback = callback

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "zmqbind"

    def doRead(self) -> None:
        self._callback()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops."""
        self._loop.stops = True
        self._callback.end()


class _Loop(_core.Loop):
    """A reactor, as the engine uses it. Deferreds call back at once, so nothing is ever on its way to a receiver."""

    def __init__(self, reactor: Any) -> None:
        super().__init__(reactor, _Deferred, constant=False)
        self.stops = False
        self._readers: dict[int, _Reader] = {}

    def waiting(self, operation: _core.Operation) -> _Deferred:
        return _Deferred(lambda deferred: operation.abandon())

    def resolve(self, operation: _core.Operation, value: object) -> bool:
        if operation.future.called:  # by somebody else
            operation.give_back(value)
        else:
            operation.future.callback(value)
        return False

    def reject(self, operation: _core.Operation, error: BaseException) -> None:
        if not operation.future.called:
            operation.future.errback(error)

    def cancel(self, operation: _core.Operation) -> None:
        if not operation.future.called:
            operation.future.cancel()

    def watch(self, descriptor: int, callback: _core.WeakCall) -> None:
        reader = self._readers[descriptor] = _Reader(self, descriptor, callback)
        self.loop.addReader(reader)

    def unwatch(self, descriptor: int) -> None:
        self.loop.removeReader(self._readers.pop(descriptor))

    def soon(self, callback: Callable[[], object]) -> None:
        self.loop.callLater(0, callback)

    def soon_threadsafe(self, callback: Callable[[], object]) -> None:
        self.loop.callFromThread(callback)

    def later(self, seconds: float, callback: Callable[[], object]) -> _Timer:
        return _Timer(self.loop.callLater(seconds, callback))

    def closed(self) -> bool:
        return False

    def elsewhere(self) -> bool:
        from twisted.python import threadable

        is_mine: Callable[[], bool] = threadable.isInIOThread
        return bool(self.loop.running) and not is_mine()


_loop: _Loop | None = None  # of the reactor; a process has one


def _reactor() -> Any:
    from twisted.internet import reactor  # which installs the default one, if none is installed yet

    return reactor


def _loop_of(reactor: Any) -> _Loop:
    global _loop
    if _loop is None or _loop.loop is not reactor:
        _loop = _Loop(reactor)
    return _loop


class Socket(Methods, _core.AsyncSocket, _socket.Socket):  # type: ignore[misc]
    """A socket whose methods that send, receive or poll return Deferreds, which have fired already where they can.

    context: the Context to make it in, or a Socket to shadow. socket_type: int, a SocketType. kwargs: as for
    zmqbind.Socket. It works on the reactor that is installed.

    Cancelling a Deferred leaves the message for the next receiver, or does not send it; the Deferred fails with
    twisted.internet.defer.CancelledError, and so do those that wait when the socket is closed or the reactor stops.
    Receivers are served in the order in which they came, and so are senders. See docs/twisted.md.
    """

    __slots__ = ()

    _running_loop: ClassVar[Callable[[], Any]] = staticmethod(_reactor)
    _current_loop: ClassVar[Callable[[], Any]] = staticmethod(_reactor)
    _loop_for: ClassVar[Callable[[Any], _Loop]] = staticmethod(_loop_of)

    @property
    def _reactor_stops(self) -> bool:
        return _loop is not None and _loop.stops


class Context(AwaitedContext, _context.Context[Socket]):
    """A context whose sockets are Twisted's. See zmqbind.Context."""

    __slots__ = ()
    _socket_class = Socket

    @staticmethod
    def _in_thread(function: Callable[[], object]) -> Deferred[object]:
        deferred: Deferred[object] = Deferred(lambda deferred: None)  # cancelled, it does not wait for the thread
        reactor = _reactor()

        def end(error: BaseException | None) -> None:
            if deferred.called:  # cancelled
                return
            if error is None:
                deferred.callback(None)
            else:
                deferred.errback(error)

        call_in_daemon(function, lambda error: reactor.callFromThread(end, error))
        return deferred
