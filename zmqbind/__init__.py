"""zmqbind: a thin, fast binding over libzmq, with the API of PyZMQ.

import zmqbind as zmq

context = zmq.Context()
socket = context.socket(zmq.REQ)
socket.connect("tcp://127.0.0.1:5000")
socket.send_string("Hello")
print(socket.recv_string())
"""

from __future__ import annotations

import atexit

from . import constants, error
from ._core import (
    _FINISHED_TRACKER,
    COPY_THRESHOLD,
    IPC_PATH_MAX_LEN,
    Frame,
    MessageTracker,
    Stopwatch,
    _prepare_exit,
    curve_keypair,
    curve_public,
    device,
    has,
    proxy,
    proxy_steerable,
    strerror,
    zmq_errno,
    zmq_version,
    zmq_version_info,
)
from ._version import __version__
from .constants import *  # noqa: F403
from .context import Context
from .error import *  # noqa: F403
from .poll import Poller, select, zmq_poll
from .socket import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__revision__ = ""
DRAFT_API = PYZMQ_DRAFT_API = has("draft")  #: whether libzmq was built with its drafts
EXIT_LINGER = 1000  #: milliseconds; how long messages are still sent when the interpreter ends with sockets open
Message = Frame
SyncContext = Context
SyncSocket = Socket

_PYZMQ_LEVEL = (27, 3, 0)
_SUBMODULES = frozenset({"asyncio", "auth", "devices", "green", "utils"})


def pyzmq_version_info() -> tuple[int, int, int]:
    """Return the version of PyZMQ whose API this is, a tuple of three ints. `__version__` is zmqbind's own."""
    return _PYZMQ_LEVEL


def pyzmq_version() -> str:
    """Return the version of PyZMQ whose API this is, str. `__version__` is zmqbind's own."""
    return ".".join(map(str, _PYZMQ_LEVEL))


def get_includes() -> list[str]:
    """Return the directories that other Cython code needs to cimport zmqbind, a list of str."""
    import os.path

    package = os.path.dirname(os.path.abspath(__file__))
    return [os.path.dirname(package), package]


def install_as_zmq() -> None:
    """Have `import zmq`, and the import of anything below it, get zmqbind's modules from now on, in this process.

    The modules load when they are imported; each is zmqbind's own, so that `zmq.Socket is zmqbind.Socket`. `zmq` also
    has the modules that only PyZMQ has, such as `zmq.sugar`, and PyZMQ's version in `zmq.__version__`. Calling it again
    does nothing. Raises RuntimeError if PyZMQ has been imported already. See docs/run-as-zmq.md.
    """
    from ._as_zmq import install

    install()


def __getattr__(name: str) -> Any:
    """Load a submodule when it is first touched."""
    if name in _SUBMODULES:
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@atexit.register
def _at_exit() -> None:
    _prepare_exit(EXIT_LINGER)


__all__ = [
    "COPY_THRESHOLD",
    "DRAFT_API",
    "EXIT_LINGER",
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
    "_FINISHED_TRACKER",
    "Context",
    "Frame",
    "Message",
    "MessageTracker",
    "Poller",
    "Socket",
    "Stopwatch",
    "SyncContext",
    "SyncSocket",
    "__revision__",
    "__version__",
    "constants",
    "curve_keypair",
    "curve_public",
    "device",
    "error",
    "get_includes",
    "has",
    "install_as_zmq",
    "proxy",
    "proxy_steerable",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version",
    "zmq_version_info",
    *constants.__all__,
    *error.__all__,
]
