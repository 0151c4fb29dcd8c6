"""How a device that waits for messages is told to stop."""

from __future__ import annotations

import socket

__all__ = ["Stopper"]


class Stopper:
    """A descriptor that has something to read once it is time to stop; for the argument `stop` of proxies."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to watch, int; -1 after close()."""
        return self._reader.fileno()

    def request(self) -> None:
        """Ask for the stop; from any thread, or a signal handler. It holds for good, and may be repeated."""
        try:
            self._writer.send(b"\0")
        except OSError:  # closed by now, or asked for very often
            pass

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()
