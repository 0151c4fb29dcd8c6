"""ZPL (ZeroMQ RFC 4), the format of certificates and of czmq's configuration files: a tree of names with values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dumps", "loads"]

NAME_CHARACTERS = frozenset("$-_@.&+/")  # beside letters and digits


def loads(text: str) -> dict[str, str]:
    """Return the values in a text of ZPL by their paths, as "curve/public-key".

    Any deeper indentation makes a child, as czmq's four blanks do. Raises ValueError that tells the line.
    """
    values: dict[str, str] = {}
    parents: list[tuple[int, str]] = []  # indentation and path
    for number, line in enumerate(text.split("\n"), 1):  # splitlines would also split within values, as at U+2028
        content = line.rstrip("\r").lstrip(" \t")
        if not content or content.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip(" \t"))
        while parents and parents[-1][0] >= depth:
            parents.pop()
        name, equals, rest = content.partition("=")
        name = (name if equals else name.partition("#")[0]).rstrip()
        if not _is_name(name):
            raise ValueError(f"line {number}: expected a name, got {name!r}")
        path = f"{parents[-1][1]}/{name}" if parents else name
        parents.append((depth, path))
        if equals:
            values[path] = _value(rest.strip(), number)
    return values


def dumps(sections: Mapping[str, Mapping[str, str]]) -> str:
    """Return sections of names and values as ZPL.

    Raises ValueError for what it cannot express: names of other characters than letters, digits and $-_@.&+/, and
    values with line breaks or with both kinds of quotes.
    """
    lines = []
    for section, values in sections.items():
        lines.append(f"{section}\n")
        for name, value in values.items():
            if not _is_name(name):
                raise ValueError(f"{name!r} is not a name in ZPL: letters, digits and $-_@.&+/")
            if not value.isprintable() or ('"' in value and "'" in value):
                raise ValueError(f"the value of {name} cannot be written in ZPL: {value!r}")
            quote = "'" if '"' in value else '"'
            lines.append(f"    {name} = {quote}{value}{quote}\n")
    return "".join(lines)


def _is_name(text: str) -> bool:
    return bool(text) and all((c.isascii() and c.isalnum()) or c in NAME_CHARACTERS for c in text)


def _value(text: str, number: int) -> str:
    """Return what stands right of the equals sign: up to the closing quote, or up to a comment."""
    if text[:1] in ('"', "'"):
        value, quote, _ = text[1:].partition(text[0])
        if not quote:
            raise ValueError(f"line {number}: the closing {text[0]} is missing")
        return value
    return text.partition("#")[0].rstrip()
