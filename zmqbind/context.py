"""Context: what sockets live in."""

from __future__ import annotations

import os
from _thread import allocate_lock

from . import _core
from ._options import BY_NUMBER, SETTABLE, ContextOptions, SocketOptions
from .constants import SocketOption
from .error import ContextTerminated, ZMQError
from .socket import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Generic, overload

    from typing_extensions import Self, TypeVar

    SocketClass = TypeVar("SocketClass", bound=Socket[Any], default=Socket[bytes])
    OtherClass = TypeVar("OtherClass", bound=Socket[Any])
    _Defaults = SocketOptions
else:
    from ._generic import Subscriptable as Generic

    SocketClass = None

    class _Default:
        """Descriptor: the value that an option of sockets made later gets."""

        def __init__(self, option):
            self._option = option
            self.__doc__ = f"Default for sockets made later. {option.__doc__}"

        def __get__(self, instance, owner):
            if instance is None:
                return self
            try:
                return instance.sockopts[self._option.number]
            except KeyError:
                raise AttributeError(f"no default is set for the socket option {self._option.name}") from None

        def __set__(self, instance, value):
            if self._option.number in (SocketOption.SUBSCRIBE, SocketOption.UNSUBSCRIBE) and isinstance(value, str):
                value = value.encode()
            self._option.check(value)
            instance.sockopts[SocketOption(self._option.number)] = value

        def __delete__(self, instance):
            self.__get__(instance, type(instance))
            del instance.sockopts[self._option.number]

    _topics = {option.name: option for option in BY_NUMBER if option.name.endswith("SUBSCRIBE")}
    _defaults = {name: _Default(option) for name, option in {**SETTABLE, **_topics}.items()}
    _Defaults = type(
        "_Defaults",
        (),
        {
            "__slots__": (),
            "__doc__": "Attributes for the default socket options of a Context.",
            **_defaults,
            **{name.lower(): default for name, default in _defaults.items()},
        },
    )

__all__ = ["Context"]


class Context(_core.Context, ContextOptions, _Defaults, Generic[SocketClass]):
    """A ZeroMQ context: I/O threads, and the sockets they serve.

    io_threads: int, threads for network transports (one is enough for about a gigabyte per second); or a Context to
    shadow. shadow: address of a libzmq context, int, or a Context: use that one instead of making a new one.

    Its own options are attributes (`context.max_sockets`); setting a socket option as an attribute makes it the
    default for sockets made later (`context.linger = 0`). A context may be used by many threads. When the last
    reference to it and its sockets is dropped, it is terminated in the background. See zmq_ctx_new(3).
    """

    # A dict, since programs replace attributes of the class in one context, as jupyter_client does with _socket_class.
    __slots__ = ("__dict__", "sockopts")

    sockopts: dict[int, int | bytes]
    _socket_class: type[Socket[Any]] = Socket
    _instance: ClassVar[Context[Any] | None] = None
    _instance_lock: ClassVar[Any] = allocate_lock()

    def __init__(self, io_threads: int | _core.Context = 1, shadow: object = 0) -> None:
        if shadow and not isinstance(shadow, _core.Context):
            from .utils.interop import cast_int_addr

            shadow = cast_int_addr(shadow)
        super().__init__(io_threads, shadow)
        self.sockopts = {}

    @classmethod
    def instance(cls, io_threads: int = 1) -> Self:
        """Return the context that the whole process shares; made at the first call, anew if terminated or forked.

        io_threads: int, used when it is made.
        """
        with cls._instance_lock:
            shared = cls.__dict__.get("_instance")
            if shared is None or shared.closed or shared._inherited:
                shared = cls._instance = cls(io_threads=io_threads)
            return shared

    @classmethod
    def shadow(cls, address: object) -> Self:
        """Return a Context for a libzmq context that exists already.

        address: int, as `underlying` gives it, or a Context, or a ctypes or cffi pointer. Dropping the shadow leaves
        the context alone; term() terminates it. Raises TypeError, ValueError for what is no address.
        """
        if not address and not isinstance(address, _core.Context):
            raise ValueError(f"address: expected the address of a context, got {address!r}")
        return cls(shadow=address)

    def __copy__(self, memo: object = None) -> Self:
        """Return a shadow of this context."""
        return type(self)(shadow=self)

    __deepcopy__ = __copy__

    def __enter__(self) -> Self:
        """Return the context; leaving the `with` block closes its sockets and terminates it."""
        return self

    def __exit__(self, exc_type: object, exc_value: object, traceback: object) -> None:
        self.destroy()

    def __repr__(self) -> str:
        closed = " closed" if self.closed else ""
        open_sockets = len(self._sockets)
        count = f"{open_sockets} socket{'s' * (open_sockets > 1)}" if open_sockets else ""
        return f"<{type(self).__module__.partition('.')[0]}.{type(self).__name__}({count}) at {id(self):#x}{closed}>"

    if TYPE_CHECKING:

        @overload
        def socket(self, socket_type: int, socket_class: None = None, **kwargs: Any) -> SocketClass: ...
        @overload
        def socket(self, socket_type: int, socket_class: type[OtherClass], **kwargs: Any) -> OtherClass: ...

    def socket(self, socket_type: int, socket_class: type[Any] | None = None, **kwargs: Any) -> Any:
        """Make a socket in this context.

        socket_type: int, a SocketType. socket_class: class to use instead of the context's own. kwargs: for it.
        Default options that do not fit the type of socket are passed over.
        Raises ContextTerminated, ZMQError(EINVAL) for an unknown type, ZMQError(EMFILE) for more than MAX_SOCKETS.
        """
        if self.closed:
            raise ContextTerminated()
        socket = (socket_class or self._socket_class)(self, socket_type, **kwargs)
        for option, value in tuple(self.sockopts.items()):  # other threads may set some meanwhile
            try:
                socket.set(option, value)
            except ZMQError:  # not an option of this type of socket
                pass
        return socket

    def getsockopt(self, opt: int) -> int | bytes:
        """Return the default that sockets made later get for an option. Raises KeyError if none is set."""
        return self.sockopts[SocketOption(opt)]

    def setsockopt(self, opt: int, value: int | bytes) -> None:
        """Set the default that sockets made later get for an option.

        opt: int, a SocketOption. value: int or bytes, as for Socket.set.
        """
        self.sockopts[SocketOption(opt)] = value


def _renew_instance_lock() -> None:
    """In a forked child: a thread that exists no more may have held the lock."""
    Context._instance_lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_instance_lock)
