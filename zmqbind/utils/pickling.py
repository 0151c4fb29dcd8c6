"""Pickled objects as messages, with large buffers in parts of their own (pickle protocol 5)."""

from __future__ import annotations

from pickle import DEFAULT_PROTOCOL, PickleBuffer, dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["dump_parts", "dumps", "load"]

OUT_OF_BAND_PROTOCOL = 5  # the first that knows buffers outside of the pickle


def dump_parts(obj: object, protocol: int | None, threshold: int) -> list[Any]:
    """Return the parts of a message: the pickle, then the buffers that it refers to.

    threshold: bytes; smaller buffers, and those that are not contiguous, stay in the pickle.
    Raises ValueError for a protocol below 5, and what pickle.dumps raises.
    """
    if protocol is None:
        protocol = max(DEFAULT_PROTOCOL, OUT_OF_BAND_PROTOCOL)
    elif 0 <= protocol < OUT_OF_BAND_PROTOCOL:
        raise ValueError(f"protocol={protocol}: out_of_band needs pickle protocol 5 or newer")
    buffers: list[memoryview] = []

    def keep(buffer: PickleBuffer) -> bool:
        try:
            raw = buffer.raw()
        except BufferError:
            return True
        if raw.nbytes < threshold:
            return True
        buffers.append(raw)
        return False

    return [dumps(obj, protocol, buffer_callback=keep), *buffers]


def load(pickled: Any, receive_buffer: Callable[[], Any], more: Callable[[], object]) -> Any:
    """Return a pickled object; each of its buffers is received when the pickle refers to it.

    So further parts of the message that are no buffers are left for the caller. Where unpickling fails between the
    buffers, the rest of the message is received and dropped.
    """
    taken = 0

    def buffers() -> Iterator[Any]:
        nonlocal taken
        while more():
            taken += 1
            yield receive_buffer()

    try:
        return loads(pickled, buffers=buffers())
    except BaseException:
        while taken and more():
            receive_buffer()
        raise
