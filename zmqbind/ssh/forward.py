"""Tunnels by paramiko."""

from __future__ import annotations

import socket
import threading
from multiprocessing.connection import wait

from paramiko import RejectPolicy, SSHClient, SSHException

from ._tunnel import LOCALHOST, Server, Tunnel, TunnelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ParamikoTunnel", "log_in_and_out"]

CHUNK = 65536  # bytes
DEFAULT_PORT = 22


def _log_in(server: str, keyfile: str | None, password: str | None, timeout: float) -> SSHClient:
    parsed = Server(server)
    client = SSHClient()
    client.load_system_host_keys()
    client.set_missing_host_key_policy(RejectPolicy())
    try:
        client.connect(
            parsed.host,
            parsed.port or DEFAULT_PORT,
            parsed.user,
            password,
            key_filename=keyfile,
            passphrase=password,
            allow_agent=keyfile is None,
            look_for_keys=keyfile is None,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            channel_timeout=timeout,
        )
    except (SSHException, OSError, ValueError) as error:
        client.close()
        raise TunnelError(f"no connection to {server}: {error}") from error
    return client


def log_in_and_out(server: str, keyfile: str | None, timeout: float) -> None:
    """Log in without a password, and leave. Raises TunnelError."""
    _log_in(server, keyfile, None, timeout).close()


class ParamikoTunnel(Tunnel):
    """A tunnel by threads of this process."""

    def __init__(
        self,
        lport: int,
        rport: int,
        server: str,
        remoteip: str,
        keyfile: str | None,
        password: str | None,
        timeout: float,
    ) -> None:
        super().__init__(lport, rport, server, remoteip)
        try:
            self._listener = socket.create_server((LOCALHOST, lport))
        except OSError as error:
            raise TunnelError(f"port {lport} cannot be listened at: {error}", port_in_use=True) from error
        try:
            self._client = _log_in(server, keyfile, password, timeout)
        except BaseException:
            self._listener.close()
            raise
        self._closing, self._told = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name=repr(self), daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    def close(self) -> None:
        self._closing.close()  # which the thread notices
        self._thread.join()
        self._client.close()

    def _accept(self) -> None:
        """Take connections until the tunnel is closed."""
        with self._listener, self._told:
            while True:
                ready = wait([self._listener, self._told])
                if self._told in ready:
                    return
                connection, peer = self._listener.accept()
                threading.Thread(target=self._forward, args=(connection, peer), daemon=True).start()

    def _forward(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        """Pass bytes both ways between a connection and the server."""
        with connection:
            transport = self._client.get_transport()
            if transport is None:
                return
            try:
                channel = transport.open_channel("direct-tcpip", (self.remoteip, self.rport), peer)
            except SSHException:  # nobody listens there, or the server is gone: the connection breaks off
                return
            with channel:
                back = threading.Thread(target=_copy, args=(channel, connection), daemon=True)
                back.start()
                _copy(connection, channel)
                back.join()


def _copy(source: Any, target: Any) -> None:
    """Pass bytes on until the end, and pass that on too."""
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
    except OSError:  # the other way has ended
        pass
    try:
        if isinstance(target, socket.socket):
            target.shutdown(socket.SHUT_WR)
        else:
            target.shutdown_write()
    except OSError:
        pass
