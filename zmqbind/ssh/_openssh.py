"""Tunnels by the installed OpenSSH client."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import tempfile
import time
from multiprocessing.connection import wait

from ._tunnel import LOCALHOST, Server, Tunnel, TunnelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

__all__ = ["OpenSSHTunnel", "log_in"]

READY = b"zmqbind-ready"
ENDING = 5.0  # seconds that ssh has for ending
PASSWORD_VARIABLE = "ZMQBIND_SSH_PASSWORD"

# ssh asks this for passwords. It has no answer to other questions, such as whether to trust an unknown host.
ASKPASS = f"""#!/bin/sh
case "$1" in
    *[Pp]assword*|*[Pp]assphrase*) printf '%s\\n' "${PASSWORD_VARIABLE}" ;;
    *) exit 1 ;;
esac
"""

# Runs ssh, and ends it when standard input does: with the process at the other end of the pipe, however that ends.
SUPERVISOR = """
exec 3<&0
"$@" 3<&- </dev/null &
ssh=$!
trap 'kill $ssh 2>/dev/null' TERM
{ read -r _; kill $ssh; } <&3 2>/dev/null >/dev/null &
reader=$!
exec 3<&-
wait $ssh
status=$?
kill $reader 2>/dev/null
exit $status
"""


class _Client:
    """A running ssh, logged in."""

    def __init__(
        self,
        server: str,
        forward: str | None,
        keyfile: str | None,
        password: str | None,
        timeout: float,
        options: Sequence[str],
    ) -> None:
        self.server = server
        if os.name != "posix":
            raise TunnelError("tunnels by the ssh program need a POSIX system; use paramiko instead")
        command = _command(Server(server), forward, keyfile, password, timeout, options)
        environment = dict(os.environ)
        with tempfile.TemporaryDirectory(prefix="zmqbind-ssh-") as directory:
            if password is not None:
                environment |= _answering(directory, password)
            # The errors go to a file, so that ssh never waits for somebody to read them.
            self._errors: IO[bytes] = tempfile.TemporaryFile()
            try:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", SUPERVISOR, "sh", *command],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    env=environment,
                    # Away from the terminal: ssh cannot ask there, and Ctrl-C is for this process.
                    start_new_session=True,
                )
            except OSError as error:
                self._errors.close()
                raise TunnelError(f"ssh could not be started: {error}") from error
            try:
                self._await_ready(timeout)
            except BaseException:
                self.close()
                raise

    def _await_ready(self, timeout: float) -> None:
        """Wait until ssh has logged in and listens."""
        output = self._process.stdout
        assert output is not None
        deadline = time.monotonic() + timeout
        heard = b""
        while READY not in heard:
            left = deadline - time.monotonic()
            if left <= 0 or not wait([output.fileno()], left):
                raise TunnelError(f"no connection to {self.server} within {timeout:g} seconds{self._said()}")
            data = os.read(output.fileno(), 4096)
            if not data:
                self._process.wait()
                said = self._said()
                raise TunnelError(f"ssh to {self.server} failed{said}", "Address already in use" in said)
            heard += data

    def _said(self) -> str:
        """What ssh has complained of, as the rest of a sentence."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        text = "; ".join(line.strip() for line in lines if line.strip())
        return f": {text}" if text else ""

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End ssh, and wait for that."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # ssh too, and what it runs
            self._process.wait()
        self._errors.close()

    def leave(self) -> None:
        """In a forked process: let go of the pipe, by the end of which ssh is to notice the end of its parent."""
        if self._process.stdin is not None:
            self._process.stdin.close()


def _command(
    server: Server,
    forward: str | None,
    keyfile: str | None,
    password: str | None,
    timeout: float,
    options: Sequence[str],
) -> list[str]:
    settings = {
        "BatchMode": "no" if password is not None else "yes",  # yes: never ask
        "NumberOfPasswordPrompts": "1",
        "ConnectTimeout": str(max(1, int(timeout))),
        "ExitOnForwardFailure": "yes",
        "ControlMaster": "no",  # a connection of its own, which ends with it
        "ControlPath": "none",
        # How ssh says that it has logged in and listens, without using the tunnel.
        "PermitLocalCommand": "yes",
        "LocalCommand": f"echo {READY.decode()}",
    }
    command = ["ssh", "-N", "-T", *options]
    for name, value in settings.items():
        command += ["-o", f"{name}={value}"]
    if forward is not None:
        command += ["-L", forward]
    if keyfile is not None:
        command += ["-i", keyfile, "-o", "IdentitiesOnly=yes"]
    if server.user is not None:
        command += ["-l", server.user]
    if server.port is not None:
        command += ["-p", str(server.port)]
    return [*command, "--", server.host]


def _answering(directory: str, password: str) -> dict[str, str]:
    """Environment variables by which ssh gets the password; nothing of it is written to a file or a command line."""
    script = os.path.join(directory, "askpass")
    with open(os.open(script, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700), "w") as file:
        file.write(ASKPASS)
    # DISPLAY for versions of OpenSSH before 8.4, which do not know SSH_ASKPASS_REQUIRE.
    display = os.environ.get("DISPLAY", ":0")
    return {"SSH_ASKPASS": script, "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": display, PASSWORD_VARIABLE: password}


class OpenSSHTunnel(Tunnel):
    """A tunnel by a child process, ssh."""

    def __init__(
        self,
        lport: int,
        rport: int,
        server: str,
        remoteip: str,
        keyfile: str | None,
        password: str | None,
        timeout: float,
        options: Sequence[str],
    ) -> None:
        super().__init__(lport, rport, server, remoteip)
        target = f"[{remoteip}]" if ":" in remoteip else remoteip
        forward = f"{LOCALHOST}:{lport}:{target}:{rport}"
        self._client = _Client(server, forward, keyfile, password, timeout, options)
        self._closed = False
        _open.add(self)

    @property
    def is_open(self) -> bool:
        return not self._closed and self._client.is_running

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            _open.discard(self)
            self._client.close()

    def _leave(self) -> None:
        self._closed = True
        self._client.leave()


def log_in(server: str, keyfile: str | None, timeout: float, options: Sequence[str]) -> None:
    """Log in without a password, and leave. Raises TunnelError."""
    _Client(server, None, keyfile, None, timeout, options).close()


# They stay open also when nobody has kept a reference.
_open: set[OpenSSHTunnel] = set()


@atexit.register
def _close_all() -> None:
    for tunnel in list(_open):
        tunnel.close()


def _leave_all() -> None:
    for tunnel in list(_open):
        tunnel._leave()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
