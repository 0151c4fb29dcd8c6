"""What makes `Socket[bytes]` and `Context[Socket]` work at run time without importing typing."""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Subscriptable"]


class Subscriptable:
    """Base of classes that type checkers see as generic."""

    __slots__ = ()
    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)
