"""JSON to and from bytes, as `Socket.send_json` and `Socket.recv_json` use it."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["dumps", "loads"]


def dumps(o: Any, **kwargs: Any) -> bytes:
    """Return `o` as JSON in UTF-8.

    Keyword arguments are those of `json.dumps`, which also says what is raised: TypeError for an object that
    JSON has no form for, ValueError for one that contains itself.
    """
    return json.dumps(o, **kwargs).encode("utf-8")


def loads(s: str | bytes | bytearray | memoryview, **kwargs: Any) -> Any:
    """Return the object that `s`, JSON as text or as UTF-8 in anything bytes-like, stands for.

    Keyword arguments are those of `json.loads`. Raises UnicodeDecodeError if the bytes are not UTF-8,
    json.JSONDecodeError if the text is not JSON, and TypeError if `s` is neither text nor bytes-like.
    """
    if not isinstance(s, str):
        s = str(memoryview(s), "utf-8")
    return json.loads(s, **kwargs)
