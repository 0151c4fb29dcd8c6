"""What makes `Socket[bytes]` and `Context[Socket]` work at run time without importing typing."""

from types import GenericAlias

__all__ = ["Subscriptable"]


class Subscriptable:
    """Base of classes that type checkers see as generic."""

    __slots__ = ()
    __class_getitem__ = classmethod(GenericAlias)
