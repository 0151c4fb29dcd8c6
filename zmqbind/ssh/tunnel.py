"""SSH tunnels, and sockets connected through them.

from zmqbind.ssh import tunnel_connection

tunnel = tunnel_connection(socket, "tcp://127.0.0.1:5555", "user@gateway.example.org")
"""

from __future__ import annotations

import socket as _sockets
import sys

from ._openssh import OpenSSHTunnel, log_in
from ._tunnel import LOCALHOST, Tunnel, TunnelError, split_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..socket import Socket

__all__ = [
    "Tunnel",
    "TunnelError",
    "open_tunnel",
    "openssh_tunnel",
    "paramiko_tunnel",
    "select_random_ports",
    "ssh_tunnel",
    "try_passwordless_ssh",
    "tunnel_connection",
]

TRIES = 5  # ports to try, as another program may take one that has just been found free


def select_random_ports(n: int) -> list[int]:
    """Return ports of 127.0.0.1 that are free now, a list of int. n: int, how many, all different."""
    held = []
    try:
        for _ in range(n):
            held.append(_sockets.socket())
            held[-1].bind((LOCALHOST, 0))
        return [socket.getsockname()[1] for socket in held]
    finally:
        for socket in held:
            socket.close()


def tunnel_connection(
    socket: Socket[Any],
    addr: str,
    server: str,
    keyfile: str | None = None,
    password: str | None = None,
    paramiko: bool | None = None,
    timeout: float = 60,
    *,
    options: Sequence[str] = (),
) -> Tunnel:
    """Connect a socket to an endpoint that the SSH server can reach. Returns the Tunnel, which stays open.

    socket: Socket. addr: str, "tcp://host:port" as the server sees it. The rest: as for openssh_tunnel. paramiko: bool,
    whether to use paramiko instead of the ssh program; None: on Windows. Raises as openssh_tunnel does.
    """
    url, tunnel = open_tunnel(addr, server, keyfile, password, paramiko, timeout, options=options)
    try:
        socket.connect(url)
    except BaseException:
        tunnel.close()
        raise
    return tunnel


def open_tunnel(
    addr: str,
    server: str,
    keyfile: str | None = None,
    password: str | None = None,
    paramiko: bool | None = None,
    timeout: float = 60,
    *,
    options: Sequence[str] = (),
) -> tuple[str, Tunnel]:
    """Open a tunnel to an endpoint. Returns the endpoint to connect to instead, str, and the Tunnel.

    The parameters and exceptions are those of tunnel_connection. The local port is one that is free.
    """
    remoteip, rport = split_address(addr)
    tries = TRIES
    while True:
        (lport,) = select_random_ports(1)
        tries -= 1
        try:
            if _use_paramiko(paramiko):
                tunnel = paramiko_tunnel(lport, rport, server, remoteip, keyfile, password, timeout)
            else:
                tunnel = openssh_tunnel(lport, rport, server, remoteip, keyfile, password, timeout, options=options)
        except TunnelError as error:
            if not error.port_in_use or not tries:
                raise
        else:
            return f"tcp://{LOCALHOST}:{lport}", tunnel


def openssh_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str = "127.0.0.1",
    keyfile: str | None = None,
    password: str | None = None,
    timeout: float = 60,
    *,
    options: Sequence[str] = (),
) -> Tunnel:
    """Open a tunnel from a port of this machine by the ssh program; return the Tunnel when it is open.

    lport: int, the port of 127.0.0.1 to listen at. rport: int, and remoteip: str, where the server is to connect to.
    server: str, "user@host:port"; the user's ssh configuration counts. keyfile: str, path of a private key; None: those
    that ssh uses. password: str, of the account or of the key; None: log in without one. timeout: seconds that logging
    in may take. options: further arguments for ssh, such as ["-F", path].

    ssh runs until close(), or until this process ends, however it ends. It never asks at the terminal: the host has to
    be known to it, and a password given. Raises TunnelError with what ssh said, ValueError for a bad server.
    """
    return OpenSSHTunnel(lport, rport, server, remoteip, keyfile, password, timeout, options)


def paramiko_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str = "127.0.0.1",
    keyfile: str | None = None,
    password: str | None = None,
    timeout: float = 60,
) -> Tunnel:
    """Open a tunnel from a port of this machine by paramiko, in threads; return the Tunnel when it is open.

    The parameters and exceptions are those of openssh_tunnel, but that paramiko reads no configuration, only the keys
    and known hosts in ~/.ssh. Raises ImportError where there is no paramiko: pip install zmqbind[ssh].
    """
    from .forward import ParamikoTunnel

    return ParamikoTunnel(lport, rport, server, remoteip, keyfile, password, timeout)


ssh_tunnel = paramiko_tunnel if sys.platform == "win32" else openssh_tunnel


def try_passwordless_ssh(
    server: str,
    keyfile: str | None,
    paramiko: bool | None = None,
    *,
    timeout: float = 60,
    options: Sequence[str] = (),
) -> bool:
    """Return whether one can log in to a server without a password, bool.

    The parameters are those of tunnel_connection. Raises ValueError for a bad server.
    """
    try:
        if _use_paramiko(paramiko):
            from .forward import log_in_and_out

            log_in_and_out(server, keyfile, timeout)
        else:
            log_in(server, keyfile, timeout, options)
    except TunnelError:
        return False
    return True


def _use_paramiko(paramiko: bool | None) -> bool:
    return sys.platform == "win32" if paramiko is None else paramiko
