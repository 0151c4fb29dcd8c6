"""Socket: the methods that programs call and that are not in need of C."""

from __future__ import annotations

import errno
from itertools import count
from types import MethodType

from . import _core
from ._options import BY_NUMBER, SocketOptions
from .constants import Event, SocketOption, SocketType
from .error import ZMQBindError, ZMQError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Generic

    from typing_extensions import Self, TypeVar

    ReturnType = TypeVar("ReturnType", default=bytes)
    SocketT = TypeVar("SocketT", bound="Socket[Any]")
else:
    from ._generic import Subscriptable as Generic

    ReturnType = SocketT = None

__all__ = ["Socket"]

FIRST_FREE_PORT, END_OF_PORTS = 49152, 65536
_TOPIC_OPTIONS = tuple(option for option in BY_NUMBER if option.name.endswith("SUBSCRIBE"))
_monitor_numbers = count()
_SEND_OPTIONS = ("copy", "track", "routing_id", "group")


class _Endpoint(Generic[SocketT]):
    """What bind and connect return: leaving a `with` block undoes them."""

    __slots__ = ("_endpoint", "_kind", "_socket")

    def __init__(self, socket: SocketT, kind: str, endpoint: str | bytes) -> None:
        self._socket = socket
        self._kind = kind
        self._endpoint = endpoint

    def __enter__(self) -> SocketT:
        return self._socket

    def __exit__(self, *exc_info: object) -> None:
        if self._socket.closed:
            return
        if self._kind == "bind":
            self._socket.unbind(self._endpoint)
        else:
            self._socket.disconnect(self._endpoint)

    def __repr__(self) -> str:
        return f"<SocketContext({self._kind}={self._endpoint!r})>"


class _TopicMethod:
    """A method that takes a topic and may also be assigned to, as if it were an option."""

    def __init__(self, option: SocketOption, function: Callable[[Any, str | bytes], None]) -> None:
        self._option = option
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: object, owner: type) -> Callable[[str | bytes], None]:
        method: Callable[..., None] = self._function if instance is None else MethodType(self._function, instance)
        return method

    def __set__(self, instance: Any, topic: str | bytes) -> None:
        self._function(instance, topic)


def _topic_method(option: SocketOption) -> Callable[[Callable[[Any, str | bytes], None]], _TopicMethod]:
    return lambda function: _TopicMethod(option, function)


class Socket(_core.Socket, SocketOptions, Generic[ReturnType]):
    """A ZeroMQ socket. Usually made by Context.socket().

    ctx_or_socket: the Context to make it in, or a Socket to shadow. socket_type: int, a SocketType.
    shadow: address of a libzmq socket, int, or a Socket: use that one instead of making a new one.
    copy_threshold: bytes, int; what is smaller is copied also with copy=False. Default: zmqbind.COPY_THRESHOLD.

    Options are attributes, in lower or upper case: `socket.linger = 0`. A socket may be handed from thread to
    thread, but used by one at a time: a call on a socket that another thread is blocked in raises ConcurrentUseError.
    See zmq_socket(3).
    """

    __slots__ = ()

    def __init__(
        self,
        ctx_or_socket: _core.Context | _core.Socket | None = None,
        socket_type: int = 0,
        *,
        shadow: object = 0,
        copy_threshold: int | None = None,
    ) -> None:
        if shadow and not isinstance(shadow, _core.Socket):
            from .utils.interop import cast_int_addr

            shadow = cast_int_addr(shadow)
        super().__init__(ctx_or_socket, socket_type, shadow=shadow, copy_threshold=copy_threshold)

    @classmethod
    def shadow(cls, address: object) -> Self:
        """Return a Socket for a libzmq socket that exists already.

        address: int, as `underlying` gives it, or a Socket, or a ctypes or cffi pointer. Closing the shadow closes
        the socket; dropping it does not. Raises TypeError, ValueError for what is no address.
        """
        if not address:
            raise ValueError(f"address: expected the address of a socket, got {address!r}")
        return cls(shadow=address)

    def __copy__(self, memo: object = None) -> Self:
        """Return a shadow of this socket."""
        return type(self)(shadow=self)

    __deepcopy__ = __copy__

    def __enter__(self) -> Self:
        """Return the socket; leaving the `with` block closes it."""
        return self

    def __exit__(self, *args: object, **kwargs: object) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = self.socket_type
        name = f"zmqbind.{kind.name}" if isinstance(kind, SocketType) else str(kind)
        closed = " closed" if self.closed else ""
        return f"<{type(self).__module__.partition('.')[0]}.{type(self).__name__}({name}) at {id(self):#x}{closed}>"

    @property
    def socket_type(self) -> SocketType:
        """The type of the socket, a SocketType."""
        kind = super().socket_type
        try:
            return SocketType(kind)
        except ValueError:
            return kind  # type: ignore[return-value]  # of a libzmq newer than the table

    @property
    def type(self) -> SocketType:
        """The type of the socket, a SocketType."""
        return self.socket_type

    @type.setter
    def type(self, value: int) -> None:
        self.set(SocketOption.TYPE, value)  # libzmq's refusal

    TYPE = type

    def fileno(self) -> int:
        """Return the descriptor to watch for events, int: the FD option. It is edge-triggered (zmq_getsockopt)."""
        return self.fd

    # Endpoints

    def bind(self, addr: str | bytes) -> _Endpoint[Self]:
        """Accept connections at an endpoint (zmq_bind).

        addr: str such as "tcp://127.0.0.1:5555", "tcp://*:*" (any free port; LAST_ENDPOINT tells which),
        "ipc:///path", "inproc://name". Returns a context manager that unbinds.
        Raises TypeError, ZMQError with the endpoint in its text.
        """
        super().bind(addr)
        return _Endpoint(self, "bind", self.last_endpoint.decode("utf-8", "surrogateescape") or addr)

    def connect(self, addr: str | bytes) -> _Endpoint[Self]:
        """Connect to an endpoint (zmq_connect); libzmq connects, and reconnects, in the background.

        addr: str such as "tcp://127.0.0.1:5555". Returns a context manager that disconnects.
        Raises TypeError, ZMQError with the endpoint in its text.
        """
        super().connect(addr)
        return _Endpoint(self, "connect", addr)

    def bind_to_random_port(
        self, addr: str, min_port: int = FIRST_FREE_PORT, max_port: int = END_OF_PORTS, max_tries: int = 100
    ) -> int:
        """Bind to a free port and return it, int.

        addr: str, an endpoint without the port, such as "tcp://127.0.0.1". min_port, max_port: the range to choose
        from, max_port excluded; by default the operating system chooses. max_tries: int, ports to try.
        Raises ZMQBindError if none was free, ValueError for an empty range, ZMQError for a bad endpoint.
        """
        if addr.startswith(("ipc:", "inproc:")):
            raise ValueError(f"addr: {addr!r} is of a transport without ports")
        if min_port == FIRST_FREE_PORT and max_port == END_OF_PORTS and addr.startswith("tcp:"):
            self.bind(f"{addr}:*")
            return int(self.last_endpoint.rpartition(b":")[2])
        if min_port >= max_port:
            raise ValueError(f"empty range of ports: min_port={min_port}, max_port={max_port}")
        from random import randrange

        for _ in range(max_tries):
            port = randrange(min_port, max_port)
            try:
                self.bind(f"{addr}:{port}")
            except ZMQError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
            else:
                return port
        raise ZMQBindError(f"Could not bind socket to random port ({addr}, {min_port} to {max_port - 1}).")

    # Options

    def get_hwm(self) -> int:
        """Return the high-water mark, int, messages: that for sending, or for receiving where sending has none."""
        return self.sndhwm

    def set_hwm(self, value: int) -> None:
        """Set the high-water marks for sending and receiving. value: int, messages; 0: no limit."""
        self.sndhwm = value
        self.rcvhwm = value

    @property
    def hwm(self) -> int:
        """The high-water marks, int, messages: reads SNDHWM, sets SNDHWM and RCVHWM."""
        return self.get_hwm()

    @hwm.setter
    def hwm(self, value: int) -> None:
        self.set_hwm(value)

    HWM = hwm

    @_topic_method(SocketOption.SUBSCRIBE)
    def subscribe(self, topic: str | bytes) -> None:
        """Receive messages that begin with topic, on a SUB socket.

        topic: bytes, or str, which is encoded as UTF-8; empty for all messages. Raises TypeError, ZMQError.
        """
        self.set(SocketOption.SUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    @_topic_method(SocketOption.UNSUBSCRIBE)
    def unsubscribe(self, topic: str | bytes) -> None:
        """Take back one subscription of a SUB socket.

        topic: bytes, or str, which is encoded as UTF-8. Raises TypeError, ZMQError.
        """
        self.set(SocketOption.UNSUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    SUBSCRIBE, UNSUBSCRIBE = _TOPIC_OPTIONS

    def get_string(self, option: int, encoding: str = "utf-8") -> str:
        """Return an option whose value is bytes as str.

        option: int, a SocketOption. Raises TypeError if the option is an integer, UnicodeDecodeError, and what get
        raises.
        """
        value = self.get(option)
        if not isinstance(value, bytes):
            raise TypeError(f"option {option!r} is no string: {value!r}")
        return value.decode(encoding)

    def set_string(self, option: int, optval: str, encoding: str = "utf-8") -> None:
        """Set an option whose value is bytes from a str.

        option: int, a SocketOption. optval: str. Raises TypeError if optval is no str, and what set raises.
        """
        if not isinstance(optval, str):
            raise TypeError(f"optval: expected str, got {type(optval).__name__}")
        self.set(option, optval.encode(encoding))

    getsockopt_string = getsockopt_unicode = get_string
    setsockopt_string = setsockopt_unicode = set_string

    # Messages

    def send_json(self, obj: object, flags: int = 0, **kwargs: Any) -> Any:
        """Send an object as JSON, in one message.

        obj: what json.dumps takes. flags: as for send. kwargs: for json.dumps, and copy, track, routing_id and group
        for send. Raises TypeError, ValueError for what is no JSON, and what send raises.
        """
        from .utils import jsonapi

        options = {name: kwargs.pop(name) for name in _SEND_OPTIONS if name in kwargs}
        return self.send(jsonapi.dumps(obj, **kwargs), flags, **options)

    def recv_json(self, flags: int = 0, **kwargs: Any) -> Any:
        """Receive a message and return the object that it is in JSON.

        flags: as for recv. kwargs: for json.loads. Raises ValueError if the message is no JSON (it is lost then),
        and what recv raises.
        """
        from .utils import jsonapi

        return jsonapi.loads(self.recv(flags), **kwargs)

    def send_pyobj(
        self, obj: object, flags: int = 0, protocol: int | None = None, *, out_of_band: bool = False, **kwargs: Any
    ) -> Any:
        """Send a pickled object.

        obj: what pickle.dumps takes. flags: as for send. protocol: int, of pickle; None: Python's default.
        out_of_band: send large buffers in obj, such as those of NumPy arrays and data frames, without copying them, as
        further parts of the message (pickle protocol 5); they must not be changed until they are sent. Otherwise the
        message has one part. kwargs: for send; track tells when the buffers are free again.
        Raises pickle.PicklingError and others, ValueError for a protocol below 5 with out_of_band, and what send does.
        """
        from .utils import pickling

        if not out_of_band:
            return self.send(pickling.dumps(obj, protocol), flags, **kwargs)
        parts = pickling.dump_parts(obj, protocol, self.copy_threshold)
        return self.send_multipart(parts, flags, copy=False, **kwargs)

    def recv_pyobj(self, flags: int = 0) -> Any:
        """Receive a message and unpickle it; buffers that came out of band are not copied.

        Unpickling runs code that the message names: use it only with peers that you trust.
        flags: as for recv. Raises pickle.UnpicklingError and others, and what recv raises.
        """
        from .utils import pickling

        return pickling.load(self.recv(flags), lambda: self.recv(copy=False), lambda: self.rcvmore)

    def send_serialized(
        self,
        msg: Any,
        serialize: Callable[[Any], Sequence[Any]],
        flags: int = 0,
        copy: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Send an object in the frames that a function makes of it.

        serialize: function that takes msg and returns a list of bytes-like objects. The rest: as for send_multipart.
        """
        return self.send_multipart(serialize(msg), flags, copy=copy, **kwargs)

    def recv_serialized(self, deserialize: Callable[[list[Any]], Any], flags: int = 0, copy: bool = True) -> Any:
        """Receive a multipart message and return what a function makes of it.

        deserialize: function that takes a list of bytes, or of Frames with copy=False. The rest: as for
        recv_multipart.
        """
        return deserialize(self.recv_multipart(flags, copy=copy))

    # Monitoring

    def get_monitor_socket(self, events: int | None = None, addr: str | None = None) -> Socket[bytes]:
        """Return a PAIR socket on which events of this socket arrive; the same one each time (zmq_socket_monitor).

        events: int, a union of Event members; None: all. addr: str, the inproc endpoint to use; None: one is made up.
        Closing the PAIR socket ends the monitoring. Raises ZMQError.
        """
        monitor: Socket[bytes] | None = self._monitor_socket
        if monitor is not None and not monitor.closed:
            return monitor
        if self.context is None:
            raise TypeError("get_monitor_socket: the socket is a shadow without a context")
        from weakref import ref

        if addr is None:
            addr = f"inproc://zmqbind-monitor-{next(_monitor_numbers)}"
        monitor = self.context.socket(SocketType.PAIR)
        try:
            monitor._monitored = ref(self)
            monitor.rcvhwm = 0  # libzmq's threads would wait while nobody reads the events
            monitor.connect(addr)  # first: with nobody to take its events, libzmq would wait for ever
            self.monitor(addr, Event.ALL if events is None else events)
        except BaseException:
            monitor._monitored = None
            monitor.close()
            raise
        self._monitor_socket = monitor
        return monitor

    def disable_monitor(self) -> None:
        """End the monitoring that get_monitor_socket began."""
        self.monitor(None, 0)  # before the other end of it is dropped, as libzmq tells that end about it
        self._monitor_socket = None
