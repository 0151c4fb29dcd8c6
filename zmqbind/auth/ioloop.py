"""The authenticator that programs had when Tornado did not run on asyncio yet. Use zmqbind.auth.asyncio."""

from __future__ import annotations

from warnings import warn

from .asyncio import AsyncioAuthenticator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import Any

    from ..context import Context

__all__ = ["IOLoopAuthenticator"]


class IOLoopAuthenticator(AsyncioAuthenticator):
    """An AsyncioAuthenticator that takes a tornado.ioloop.IOLoop, or None. Deprecated."""

    def __init__(
        self,
        context: Context[Any] | None = None,
        encoding: str = "utf-8",
        log: Logger | None = None,
        io_loop: Any = None,
    ) -> None:
        warn("IOLoopAuthenticator is deprecated: use zmqbind.auth.asyncio", DeprecationWarning, stacklevel=2)
        super().__init__(context, None if io_loop is None else io_loop.asyncio_loop, encoding, log)
