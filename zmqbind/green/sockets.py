"""Context and Socket for gevent."""

from __future__ import annotations

import gevent

from zmqbind import _core
from zmqbind import context as _context
from zmqbind import socket as _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Context", "Socket"]


class Socket(_core.GreenSocket, _socket.Socket[bytes]):
    """A socket that lets other greenlets run while one waits in it. See zmqbind.Socket.

    Its methods are those of zmqbind.Socket. Several greenlets may wait for one socket: receivers are served in the
    order in which they came, and so are senders. A greenlet that is killed, or whose gevent.Timeout fires, while it
    waits has received nothing and sent nothing. Closing the socket ends all waits with ZMQError(ENOTSOCK).
    """

    __slots__ = ()

    def get(self, opt: int) -> Any:
        """Return an option of the socket. See zmqbind.Socket.get, which calls the parameter option."""
        return super().get(opt)

    def set(self, opt: int, val: int | bytes) -> None:
        """Set an option of the socket. See zmqbind.Socket.set, which calls the parameters option and optval."""
        super().set(opt, val)


class Context(_context.Context[Socket]):
    """A context whose sockets are gevent's. See zmqbind.Context."""

    __slots__ = ()
    _socket_class = Socket

    def term(self) -> None:
        """Terminate the context, while other greenlets run: it is waited for in a thread. See zmqbind.Context.term.

        If the greenlet is killed meanwhile, the termination goes on in the background.
        """
        hub = gevent.get_hub()
        if self.closed or self._inherited or gevent.getcurrent() is hub:
            super().term()
        else:
            hub.threadpool.apply(super().term)
