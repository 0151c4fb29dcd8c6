"""Exceptions, named as in PyZMQ."""

from __future__ import annotations

from errno import EBUSY, EINTR

from . import _core
from ._core import strerror, zmq_errno, zmq_version
from .constants import Errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Again",
    "ConcurrentUseError",
    "ContextTerminated",
    "DraftFDWarning",
    "InterruptedSystemCall",
    "NotDone",
    "ZMQBaseError",
    "ZMQBindError",
    "ZMQError",
    "ZMQVersionError",
]


class ZMQBaseError(Exception):
    """What all exceptions of zmqbind but ZMQVersionError derive from."""


class ZMQError(ZMQBaseError):
    """libzmq refused a call.

    errno: int, libzmq's error number; None takes the number of this thread's last error; a str is taken as the text.
    msg: str, the text; None takes libzmq's. Both are kept, as `errno` and `strerror`.
    """

    errno: Any  # int, or None where the exception was made from a text alone
    strerror: Any  # str; typed loosely for InterruptedSystemCall, which is an OSError too

    def __init__(self, errno: int | str | None = None, msg: str | None = None) -> None:
        if isinstance(errno, str):
            self.errno = None
            self.strerror = errno
            return
        self.errno = zmq_errno() if errno is None else errno
        self.strerror = strerror(self.errno) if msg is None else msg

    def __str__(self) -> str:
        return str(self.strerror)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ZMQBindError(ZMQBaseError):
    """bind_to_random_port found no free port."""


class Again(ZMQError):
    """The call would have had to wait, or the time that it could wait is up (EAGAIN)."""

    def __init__(self, errno: object = "ignored", msg: object = "ignored") -> None:
        super().__init__(Errno.EAGAIN, None if msg == "ignored" else str(msg))


class ContextTerminated(ZMQError):
    """The context has been terminated (ETERM)."""

    def __init__(self, errno: object = "ignored", msg: object = "ignored") -> None:
        super().__init__(Errno.ETERM, None if msg == "ignored" else str(msg))


class InterruptedSystemCall(ZMQError, InterruptedError):
    """A signal interrupted the call (EINTR). zmqbind goes on with the call instead (PEP 475) and never raises it."""

    def __init__(self, errno: object = "ignored", msg: object = "ignored") -> None:
        super().__init__(EINTR, None if msg == "ignored" else str(msg))


class ConcurrentUseError(ZMQError):
    """A socket was used while another call was waiting in it, usually in another thread.

    libzmq's sockets may be used by one thread at a time. call: str, the operation that was refused.
    blocked_in: str, the operation that is under way, or who waits. `errno` is EBUSY.
    """

    def __init__(self, call: str, blocked_in: str) -> None:
        other = f"{blocked_in}()" if blocked_in.isidentifier() else blocked_in
        super().__init__(EBUSY, f"{call}() on a socket that another call is blocked in: {other}")
        self.call = call
        self.blocked_in = blocked_in


class ZMQVersionError(NotImplementedError):
    """The libzmq in use lacks a feature.

    min_version: str, the version that has it. msg: str, the feature. `version` is that of the libzmq in use.
    """

    def __init__(self, min_version: str, msg: str = "Feature") -> None:
        super().__init__(min_version, msg)
        self.min_version = min_version
        self.msg = msg
        self.version = zmq_version()

    def __str__(self) -> str:
        return f"{self.msg} requires libzmq >= {self.min_version}, have {self.version}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class NotDone(ZMQBaseError):
    """libzmq has not released a message in the time given to MessageTracker.wait."""


class DraftFDWarning(RuntimeWarning):
    """The FD option of a thread-safe socket was asked for, which libzmq has only by its drafts.

    msg: str, the text; empty for the usual one.
    """

    def __init__(self, msg: str = "") -> None:
        super().__init__(msg or "the FD of a thread-safe socket rests on zmq_poller_fd, a draft")


_core._use_errors(ZMQError, Again, ContextTerminated, ConcurrentUseError, ZMQVersionError, NotDone, DraftFDWarning)
