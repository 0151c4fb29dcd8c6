"""For programs that look after PyZMQ's thread for lent memory. zmqbind gives memory back without one: see zero copy.

`gc` accepts what such programs do with it, and has nothing to do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..context import Context

__all__ = ["GarbageCollector", "gc"]


class GarbageCollector:
    """What is left of it: a context that may be read and set. It is never used."""

    def __init__(self, context: Context[Any] | None = None) -> None:
        self.context = context

    def is_alive(self) -> bool:
        """Return whether the thread runs: never."""
        return False

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


gc = GarbageCollector()
