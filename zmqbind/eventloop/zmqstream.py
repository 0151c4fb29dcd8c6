"""ZMQStream: callbacks for what a socket receives and sends, on Tornado's loop.

from tornado.ioloop import IOLoop
from zmqbind.eventloop.zmqstream import ZMQStream

stream = ZMQStream(socket)
stream.on_recv(lambda message: stream.send_multipart(message))
IOLoop.current().start()
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from inspect import isawaitable
from time import monotonic
from typing import Any
from warnings import warn

from tornado.ioloop import IOLoop
from tornado.log import gen_log

from .. import _core
from ..constants import Errno, Flag, PollEvent, SocketOption
from ..error import Again, ContextTerminated, ZMQError
from ..poll import Poller
from ..socket import _SEND_OPTIONS, Socket

__all__ = ["ZMQStream"]

# What is done before the loop gets a turn: so many messages, or as many as begin within so many seconds.
TURN_MESSAGES = 100
TURN_SECONDS = 0.001

UNCAUGHT = "Uncaught exception in ZMQStream callback"
# What sockets say that only send, or REQ and REP sockets whose turn it is to send.
NEVER_NOW = (Errno.ENOTSUP, Errno.EFSM)
BOTH = PollEvent.POLLIN | PollEvent.POLLOUT
SOCKET_METHODS = (
    "bind",
    "bind_to_random_port",
    "connect",
    "getsockopt",
    "getsockopt_string",
    "getsockopt_unicode",
    "setsockopt",
    "setsockopt_string",
    "setsockopt_unicode",
)

Message = list[Any]
OnRecv = Callable[[Message], Any]
OnSend = Callable[[Sequence[Any], Any], Any]


class ZMQStream:
    """Calls back when a socket has received or sent a message.

    socket: a Socket; of any other kind a shadow is made, with a RuntimeWarning. io_loop: the tornado.ioloop.IOLoop to
    work in; None: the current one.

    A message is a list of its parts. It is sent by the loop, in order, when the socket has room for it; until then it
    waits here, without limit: `sending` tells. Once it has done 100 messages, or been busy for a millisecond, a stream
    gives others a turn. Callbacks may be coroutine functions: each call runs as a task of its own.

    What a callback raises is logged, by the logger tornado.general, and comes to the loop's exception handler.
    Who receives from or sends with `socket` itself calls flush() afterwards: libzmq tells of messages only once.
    If the context is terminated, the stream closes itself.
    """

    socket: Any
    io_loop: IOLoop
    poller: Poller
    bind: Callable[..., Any]
    bind_to_random_port: Callable[..., int]
    connect: Callable[..., Any]
    getsockopt: Callable[..., Any]
    getsockopt_string: Callable[..., str]
    getsockopt_unicode: Callable[..., str]
    setsockopt: Callable[..., None]
    setsockopt_string: Callable[..., None]
    setsockopt_unicode: Callable[..., None]

    def __init__(self, socket: _core.Socket, io_loop: IOLoop | None = None) -> None:
        if isinstance(socket, _core.AsyncSocket) or not isinstance(socket, Socket):
            text = f"ZMQStream works on a zmqbind.Socket: a shadow of {socket!r} is made, by Socket(shadow=socket)"
            warn(text, RuntimeWarning, stacklevel=2)
            socket = Socket(shadow=socket)
        self.socket = socket
        self.io_loop = IOLoop.current() if io_loop is None else io_loop
        self.poller = Poller()
        self._descriptor: int = socket.get(SocketOption.FD)
        self._queue: deque[tuple[Sequence[Any], dict[str, Any]]] = deque()
        self._recv_callback: OnRecv | None = None
        self._recv_copy = True
        self._send_callback: OnSend | None = None
        self._close_callback: Callable[[], Any] | None = None
        self._tasks: set[asyncio.Future[Any]] = set()
        self._scheduled = False
        for name in SOCKET_METHODS:
            setattr(self, name, getattr(socket, name))
        # As a file, not by its descriptor, which is libzmq's: IOLoop.close(all_fds=True) closes what it was given.
        self.io_loop.add_handler(socket, self._handle, IOLoop.READ)
        self._schedule()

    # Callbacks

    def on_recv(self, callback: OnRecv | None, copy: bool = True) -> None:
        """Call a function with each message received, a list of bytes.

        callback: function of the message; None: let messages wait in the socket. copy: False for a list of Frames.
        Raises OSError if the stream is closed, TypeError if callback cannot be called.
        """
        self._check_open()
        self._recv_callback = _callable(callback)
        self._recv_copy = copy
        self._schedule()

    def on_recv_stream(self, callback: Callable[[ZMQStream, Message], Any] | None, copy: bool = True) -> None:
        """Call a function with this stream and each message received. See on_recv."""
        _callable(callback)
        self.on_recv(None if callback is None else lambda message: callback(self, message), copy)

    def stop_on_recv(self) -> None:
        """Receive no more: messages wait in the socket."""
        self.on_recv(None)

    def on_send(self, callback: OnSend | None) -> None:
        """Call a function with each message that has been sent.

        callback: function of the message as it was given to send, and what the socket returned for it: None, a
        MessageTracker, or the ZMQError if it could not be sent. None: call none.
        Raises OSError if the stream is closed, TypeError if callback cannot be called.
        """
        self._check_open()
        self._send_callback = _callable(callback)

    def on_send_stream(self, callback: Callable[[ZMQStream, Sequence[Any], Any], Any] | None) -> None:
        """Call a function with this stream and each message that has been sent. See on_send."""
        _callable(callback)
        self.on_send(None if callback is None else lambda message, status: callback(self, message, status))

    def stop_on_send(self) -> None:
        """Call no function any more when something has been sent."""
        self.on_send(None)

    def on_err(self, callback: object) -> None:
        """Do nothing, with a warning in the log: ZeroMQ sockets have no error state."""
        gen_log.warning("on_err does nothing")

    def stop_on_err(self) -> None:
        """Do as on_err(None)."""
        self.on_err(None)

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        """Call a function without arguments when the stream has been closed. None: call none."""
        self._close_callback = _callable(callback)

    # Sending

    def send(
        self,
        msg: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        callback: OnSend | None = None,
        **kwargs: Any,
    ) -> None:
        """Send a message of one part, when the socket lets it. See send_multipart."""
        self.send_multipart([msg], flags, copy, track, callback, **kwargs)

    def send_multipart(
        self,
        msg: Sequence[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        callback: OnSend | None = None,
        **kwargs: Any,
    ) -> None:
        """Send a message, when the socket lets it.

        msg: list of bytes-like objects or Frames, not to be changed until it is sent. callback: on_send is called with
        it; None: the one there is stays. The rest: as for zmqbind.Socket.send_multipart.
        Raises OSError if the stream is closed. A message that cannot be sent is dropped in the loop, which is logged.
        """
        self._check_open()
        if callback is not None:
            self.on_send(callback)
        self._queue.append((msg, dict(kwargs, flags=flags | Flag.DONTWAIT, copy=copy, track=track)))
        self._schedule()

    def send_string(
        self, u: str, flags: int = 0, encoding: str = "utf-8", callback: OnSend | None = None, **kwargs: Any
    ) -> None:
        """Send a str, encoded. kwargs: as for send. Raises TypeError if u is no str, and what send raises."""
        if not isinstance(u, str):
            raise TypeError(f"u: expected a str, not {type(u).__name__}")
        self.send(u.encode(encoding), flags, callback=callback, **kwargs)

    send_unicode = send_string

    def send_json(self, obj: object, flags: int = 0, callback: OnSend | None = None, **kwargs: Any) -> None:
        """Send an object as JSON. kwargs: for json.dumps, and as for send. Raises as zmqbind.Socket.send_json does."""
        from ..utils import jsonapi

        options = {name: kwargs.pop(name) for name in _SEND_OPTIONS if name in kwargs}
        self.send(jsonapi.dumps(obj, **kwargs), flags, callback=callback, **options)

    def send_pyobj(
        self, obj: object, flags: int = 0, protocol: int = -1, callback: OnSend | None = None, **kwargs: Any
    ) -> None:
        """Send a pickled object. protocol: int, of pickle; -1: the newest. kwargs: for send. Raises as pickle does."""
        from ..utils import pickling

        self.send(pickling.dumps(obj, protocol), flags, callback=callback, **kwargs)

    # State

    def receiving(self) -> bool:
        """Return whether messages received are passed to a callback."""
        return self._recv_callback is not None

    def sending(self) -> bool:
        """Return whether messages wait to be sent."""
        return bool(self._queue)

    def closed(self) -> bool:
        """Return whether the stream is closed; if its socket is, the stream is closed now."""
        if self.socket is None:
            return True
        if not self.socket.closed:
            return False
        text = "the socket of a ZMQStream was closed; close the stream instead, whose descriptor the loop watches still"
        warn(text, stacklevel=2)
        self.close()
        return True

    def close(self, linger: int | None = None) -> None:
        """Close the socket, and forget what waits to be sent. linger: milliseconds, as for zmqbind.Socket.close.

        flush() sends before that what can be sent.
        """
        socket, self.socket = self.socket, None
        if socket is None:
            return
        self.io_loop.remove_handler(self._descriptor)
        socket.close(linger)
        self._queue.clear()
        self._recv_callback = self._send_callback = None
        callback, self._close_callback = self._close_callback, None
        if callback is not None:
            self._call(callback)

    def flush(self, flag: int = BOTH, limit: int | None = None) -> int:
        """Receive and send now what can be, calling the callbacks, instead of waiting for the loop to do it.

        flag: int, POLLIN to receive, POLLOUT to send, or both. Messages received while there is no callback are
        dropped. limit: the number of messages after which it returns; None: when nothing is left to do.
        Returns the number of messages received and sent. Raises OSError if the stream is closed, and what callbacks
        raise.
        """
        self._check_open()
        try:
            return self._work(flag, limit, drop=self._recv_callback is None)
        finally:
            self._schedule()

    def _check_open(self) -> None:
        if self.closed():
            raise OSError("Stream is closed")

    # In the loop

    def _schedule(self) -> None:
        """Look in the next turn of the loop: libzmq may have said what it had to say. From any thread."""
        if not self._scheduled:
            self._scheduled = True
            self.io_loop.add_callback(self._look)

    def _look(self) -> None:
        self._scheduled = False
        self._turn()

    def _handle(self, socket: Any, events: int) -> None:
        if not self._scheduled:  # one turn is enough
            self._turn()

    def _turn(self) -> None:
        """Do some of the work, and come back if something is left."""
        if self.closed():
            return
        try:
            self._work(BOTH, TURN_MESSAGES, end=monotonic() + TURN_SECONDS)
        finally:
            if self._ready():
                self._schedule()

    def _ready(self) -> bool:
        """Whether something can be done yet: operations may have used up the descriptor's word."""
        if self.socket is None:
            return False
        try:
            events: int = self.socket.get(SocketOption.EVENTS)
        except ContextTerminated:
            self.close()
            return False
        wanted = (PollEvent.POLLIN if self._recv_callback else 0) | (PollEvent.POLLOUT if self._queue else 0)
        return bool(events & wanted)

    def _work(self, flag: int, limit: int | None, end: float | None = None, drop: bool = False) -> int:
        """Receive and send in turn; return how many messages.

        end: when to stop, by time.monotonic; None: never. drop: receive also while there is no callback.
        """
        done = 0
        while limit is None or done < limit:
            before = done
            if flag & PollEvent.POLLIN and (self._recv_callback is not None or drop):
                done += self._receive()
            if flag & PollEvent.POLLOUT and self._queue and (limit is None or done < limit):
                done += self._send()
            if done == before or (end is not None and monotonic() >= end):
                break
        return done

    def _receive(self) -> bool:
        """Receive one message if there is one; return whether."""
        if self.socket is None:
            return False
        try:
            message = self.socket.recv_multipart(Flag.DONTWAIT, copy=self._recv_copy)
        except Again:
            return False
        except ContextTerminated:
            self.close()
            return False
        except ZMQError as error:
            if error.errno not in NEVER_NOW:
                gen_log.error("RECV Error: %s", error)
            return False
        if self._recv_callback is not None:
            self._call(self._recv_callback, message)
        return True

    def _send(self) -> bool:
        """Send the first message that waits, if the socket has room for it; return whether it waits no more."""
        message, options = self._queue[0]
        status: Any
        try:
            status = self.socket.send_multipart(message, **options)
        except Again:
            return False
        except ContextTerminated:
            self.close()
            return False
        except ZMQError as error:
            if error.errno == Errno.EFSM:
                return False
            gen_log.error("SEND Error: %s", error)
            status = error
        except Exception:
            self._queue.popleft()
            gen_log.exception("Uncaught exception in ZMQStream: a message cannot be sent")
            raise
        self._queue.popleft()
        if self._send_callback is not None:
            self._call(self._send_callback, message, status)
        return True

    def _call(self, callback: Callable[..., Any], *arguments: Any) -> None:
        """Call back, or start a task that does; log what is raised."""
        try:
            result = callback(*arguments)
        except Exception:
            gen_log.exception(UNCAUGHT)
            raise
        if result is not None and isawaitable(result):
            task = asyncio.ensure_future(result, loop=getattr(self.io_loop, "asyncio_loop", None))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            gen_log.error(UNCAUGHT, exc_info=error)


def _callable(callback: Any) -> Any:
    if callback is not None and not callable(callback):
        raise TypeError(f"callback: expected a function or None, not {callback!r}")
    return callback
