"""Ctrl-C on Windows while a program waits outside of zmqbind, whose own calls need no help. Not verified there."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from typing_extensions import Self

__all__ = ["allow_interrupt"]

CTRL_C_EVENT = 0


class allow_interrupt:
    """Context manager: on Windows, calls a function on Ctrl-C, in a thread that Windows makes. Elsewhere: nothing.

    action: function without arguments, such as one that sends a message to a socket that is waited for; None: none.
    KeyboardInterrupt is raised all the same. Raises OSError where Windows refuses (SetConsoleCtrlHandler).
    """

    def __init__(self, action: Callable[[], object] | None = None) -> None:
        self._action = action
        self._handler: Any = None

    def __enter__(self) -> Self:
        if sys.platform == "win32" and self._action is not None:
            import ctypes
            from ctypes import wintypes

            action = self._action

            def handle(event: int) -> bool:
                if event == CTRL_C_EVENT:
                    action()
                return False  # Python's own handler comes next

            self._handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(handle)
            self._set(True)
        return self

    def __exit__(self, *args: object) -> None:
        if self._handler is not None:
            self._set(False)
            self._handler = None

    def _set(self, there: bool) -> None:
        if sys.platform == "win32":
            import ctypes

            if not ctypes.windll.kernel32.SetConsoleCtrlHandler(self._handler, there):
                raise ctypes.WinError()
