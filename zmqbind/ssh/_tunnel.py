"""What the tunnels of OpenSSH and of paramiko have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LOCALHOST", "Server", "Tunnel", "TunnelError", "split_address"]

LOCALHOST = "127.0.0.1"


class TunnelError(RuntimeError):
    """A tunnel could not be opened. Its text has what SSH said.

    port_in_use: bool, whether that was because the local port was not free.
    """

    def __init__(self, text: str, port_in_use: bool = False) -> None:
        super().__init__(text)
        self.port_in_use = port_in_use


class Tunnel(ABC):
    """An open tunnel from a port of this machine, until it is closed or this process ends. A context manager.

    lport, rport: int, the ports here and there. remoteip, server: str.
    """

    def __init__(self, lport: int, rport: int, server: str, remoteip: str) -> None:
        self.lport = lport
        self.rport = rport
        self.server = server
        self.remoteip = remoteip

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the tunnel is there: bool; False after close(), and when the connection to the server is lost."""

    @abstractmethod
    def close(self) -> None:
        """Close the tunnel, and all connections through it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        route = f"{LOCALHOST}:{self.lport} -> {self.server} -> {self.remoteip}:{self.rport}"
        return f"<{type(self).__name__} {route}, {state}>"


class Server:
    """An SSH server as in user@host:port: its user and port, or None where they are not said."""

    def __init__(self, server: str) -> None:
        user, _, address = server.rpartition("@")
        host, colon, port = address.rpartition(":")
        if not colon or address.endswith("]") or (":" in host and not host.startswith("[")):
            host, port = address, ""  # no port; perhaps a bare IPv6 address
        self.user = user or None
        self.host = host.strip("[]")
        self.port = _port(port, server) if port else None
        # Else they might be taken for options of ssh.
        if not self.host or self.host.startswith("-") or user.startswith("-"):
            raise ValueError(f"server: expected user@host:port, got {server!r}")


def split_address(addr: str) -> tuple[str, int]:
    """The host and port of an endpoint that a tunnel can lead to. Raises ValueError."""
    transport, _, rest = addr.partition("://")
    host, _, port = rest.rpartition(":")
    if transport != "tcp" or not host:
        raise ValueError(f"addr: expected tcp://host:port, got {addr!r}")
    return host.strip("[]"), _port(port, addr)


def _port(text: str, whole: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError(f"{text!r} is no port number, in {whole!r}")
    return int(text)
