"""Sockets whose methods return futures, under the name that they had when Tornado did not run on asyncio yet.

Tornado's loop is asyncio's, so these are the sockets of zmqbind.asyncio.
"""

from __future__ import annotations

from asyncio import CancelledError

from ..asyncio import Context, Poller, Socket

__all__ = ["CancelledError", "Context", "Poller", "Socket"]
