"""The sockets that a device will make, described before there are any."""

from __future__ import annotations

from contextlib import suppress

from ..constants import Event, Flag, SocketType
from ..context import Context
from ..error import ZMQError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..socket import Socket

__all__ = ["End"]

CLOSING = 1000  # milliseconds; how long to wait for libzmq to close a listening descriptor


class End:
    """One socket of a device: its type, options and endpoints."""

    def __init__(self, name: str, socket_type: int) -> None:
        if not isinstance(socket_type, int):
            raise TypeError(f"{name}: expected a SocketType, got {socket_type!r}")
        self.socket_type = socket_type
        self.options: list[tuple[int, int | bytes]] = []
        self.binds: list[str] = []
        self.connects: list[str] = []
        self.bound: list[bytes] = []  # where the socket that was made last has bound

    def bind_to_random_port(self, addr: str, *args: Any, **kwargs: Any) -> int:
        """Choose a port that is free now, and bind to it later. The arguments are Socket.bind_to_random_port's."""
        while True:
            # Leaving the context waits until the port is free again.
            with Context() as context, context.socket(SocketType.PUSH) as socket:
                port = socket.bind_to_random_port(addr, *args, **kwargs)
            endpoint = f"{addr}:{port}"
            if endpoint not in self.binds:
                self.binds.append(endpoint)
                return port

    def make(self, context: Context[Any]) -> Socket[Any]:
        """Return the socket, with its options set, bound and connected. Raises ZMQError and TypeError."""
        socket: Socket[Any] = context.socket(self.socket_type)
        self.bound = []
        try:
            for option, value in self.options:
                socket.set(option, value)
            for endpoint in self.binds:
                socket.bind(endpoint)
                self.bound.append(socket.last_endpoint.rstrip(b"\0"))
            for endpoint in self.connects:
                socket.connect(endpoint)
        except BaseException:
            self.unbind(socket)
            socket.close(linger=0)
            raise
        return socket

    def unbind(self, socket: Socket[Any]) -> None:
        """Unbind the socket, and wait until others can bind there: closing it does that some time later."""
        endpoints = [endpoint for endpoint in self.bound if not endpoint.startswith(b"inproc:")]
        if not endpoints or socket.closed:
            return
        with suppress(ZMQError), socket.get_monitor_socket(Event.CLOSED) as monitor:
            for endpoint in endpoints:
                socket.unbind(endpoint)
                monitor.poll(CLOSING)
                monitor.recv_multipart(Flag.DONTWAIT)
