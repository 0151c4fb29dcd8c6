"""The peer that is started here: a process, or a thread for inproc."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmqbind

from .control import Control
from .failures import PerfError
from .session import Follower

PATIENCE = 3.0  # seconds that it may take to end by itself


def follow(control: Control, timeout: float, look: Callable[[], None] | None = None) -> None:
    """Be the peer, until the leader has enough of it. What goes wrong is told to the leader.

    look: called now and then until the leader has answered; it may raise PerfError.
    """
    try:
        follower = Follower(control, timeout)
        follower.serve(follower.agree({}, look))
    except PerfError:  # both ends know
        pass
    except Exception as error:
        control.send_failure(PerfError(f"the peer failed: {type(error).__name__}: {error}"))
        raise


class ProcessPeer:
    """A process that connects."""

    def __init__(self, endpoint: str, timeout: float) -> None:
        self._errors = tempfile.TemporaryFile()
        windows = {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP; not verified
        alone: dict[str, Any] = windows if sys.platform == "win32" else {"start_new_session": True}
        # Ctrl-C is for this process alone. And `-m` looks into the working directory first.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "zmqbind.perf.peer", endpoint, str(timeout)],
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
            cwd=Path(zmqbind.__file__).resolve().parents[1],
            **alone,
        )

    def look(self) -> None:
        """Raise PerfError if it has ended."""
        if self._process.poll() is not None:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            raise PerfError(f"the peer ended with status {self._process.returncode}: {last}")

    def close(self) -> None:
        """See it end."""
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
            self._process.wait()
            self._errors.close()


class ThreadPeer:
    """A thread that connects, in the same contexts."""

    def __init__(self, endpoint: str, timeout: float, context: zmqbind.Context[Any], leader: Control) -> None:
        self._leader = leader
        self._thread = threading.Thread(
            target=self._run, args=(endpoint, timeout, context), name="zmqbind perf peer", daemon=True
        )
        self._thread.start()

    def _run(self, endpoint: str, timeout: float, context: zmqbind.Context[Any]) -> None:
        control = Control(context, self._leader.messages)
        control.gone = self._leader.gone
        try:
            control.connect(endpoint)
            follow(control, timeout)
        finally:
            control.close()
            control.lost()

    def look(self) -> None:
        """Raise PerfError if it has ended."""
        if not self._thread.is_alive():
            raise PerfError("the peer, a thread, has ended")

    def close(self) -> None:
        """See it end."""
        self._leader.lost()
        self._thread.join(PATIENCE)


def main() -> None:
    """The process."""
    endpoint, timeout = sys.argv[1:]
    parent = os.getppid()

    def look() -> None:
        if os.getppid() != parent:
            raise PerfError("who started it has gone away")

    messages: zmqbind.Context[Any] = zmqbind.Context()
    control = Control(zmqbind.Context(), messages)
    try:
        control.connect(endpoint)
        follow(control, float(timeout), look)
    finally:
        control.close()
        messages.destroy(linger=0)


if __name__ == "__main__":
    main()
