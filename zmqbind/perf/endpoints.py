"""Where the sockets for the messages are, told from where the control socket is."""

from __future__ import annotations

import re

from .failures import BadArgument

WITH_PORT = re.compile(r"(?P<head>\w+://.+:)(?P<port>\d+|\*)(?P<tail>/.*)?")


def check(argument: str, endpoint: str) -> None:
    """Raise BadArgument for an endpoint that --bind and --connect can do nothing with."""
    if endpoint.startswith("inproc:"):
        raise BadArgument(f"{argument}: no other process gets there (use --transport inproc)")
    if not re.match(r"ipc://.", endpoint) and WITH_PORT.fullmatch(endpoint) is None:
        raise BadArgument(f"{argument}: neither ipc://PATH nor TRANSPORT://HOST:PORT")


def is_ipv6(endpoint: str) -> bool:
    """Whether the host is a literal address of IPv6, which libzmq takes only where it is told to."""
    return "://[" in endpoint


def to_bind(endpoint: str, bound: str, number: int) -> str:
    """Where to bind the socket of this number, 1 or 2.

    endpoint: what the control socket was told to bind. bound: what came of it (LAST_ENDPOINT).
    """
    match = WITH_PORT.fullmatch(endpoint)
    if match is None:
        return f"{bound}-{number}"
    if match["port"] == "*":
        return endpoint
    return f"{match['head']}{int(match['port']) + number}{match['tail'] or ''}"


def place(bound: str) -> str | None:
    """What the peer has to be told of where a socket is bound: the port; None where the number is enough."""
    match = WITH_PORT.fullmatch(bound)
    return None if match is None else match["port"]


def to_connect(control: str, number: int, place: str | None) -> str:
    """Where to connect the socket of this number. control: where the control socket is connected."""
    if place is None:
        return f"{control}-{number}"
    match = WITH_PORT.fullmatch(control)
    assert match is not None
    return f"{match['head']}{place}{match['tail'] or ''}"
