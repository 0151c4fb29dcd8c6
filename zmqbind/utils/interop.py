"""Pointers from other libraries as plain integers, for `Socket.shadow` and `Context.shadow`."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["cast_int_addr"]


def cast_int_addr(n: Any) -> int:
    """Return the address that `n` holds: an int, or a pointer of ctypes or cffi.

    Raises ValueError for anything else. A null pointer is 0.
    """
    if isinstance(n, int):
        return n
    # Whoever made a pointer has loaded its library; there is no need to load one here.
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None and isinstance(n, (ctypes.c_void_p, ctypes._Pointer)):
        return ctypes.cast(n, ctypes.c_void_p).value or 0
    cffi = sys.modules.get("_cffi_backend")
    if cffi is not None and isinstance(n, cffi.FFI.CData):
        ffi = cffi.FFI()
        try:
            return int(ffi.cast("uintptr_t", ffi.cast("void *", n)))
        except TypeError:
            pass  # a structure or the like, which has no address as its value
    raise ValueError(f"Cannot cast {n!r} to int")
