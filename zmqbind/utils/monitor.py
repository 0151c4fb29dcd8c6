"""The events of monitored sockets (Socket.get_monitor_socket), decoded.

monitor = socket.get_monitor_socket()
for event in monitor_events(monitor):
    print(event.name, event.endpoint, event.reason)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .. import _core
from .._core import strerror
from ..constants import Event
from ..error import ContextTerminated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from typing import Any, TypedDict, overload

    from ..socket import Socket

    class _Message(TypedDict):
        event: Event
        value: int
        endpoint: bytes


__all__ = [
    "MonitorEvent",
    "async_monitor_events",
    "monitor_events",
    "parse_monitor_event",
    "parse_monitor_message",
    "recv_monitor_message",
]

VERSION_1 = struct.Struct("=Hi")  # event, value; the second frame is the endpoint
NUMBER = struct.Struct("=Q")  # of version 2, one a frame: event, how many values, values; then two endpoints

_WITH_ERRNO = Event.BIND_FAILED | Event.ACCEPT_FAILED | Event.CLOSE_FAILED | Event.HANDSHAKE_FAILED_NO_DETAIL
_ZAP_STATUS = {300: "temporary error", 400: "denied", 500: "internal error"}


@dataclass(frozen=True)
class MonitorEvent:
    """What happened to a socket (zmq_socket_monitor).

    event: Event. name: str, its name, such as "CONNECTED". value: int; what it means depends on the event: a descriptor
    (CONNECTED, LISTENING, ACCEPTED, CLOSED, DISCONNECTED), milliseconds (CONNECT_RETRIED), an error number
    (BIND_FAILED, ACCEPT_FAILED, CLOSE_FAILED, HANDSHAKE_FAILED_NO_DETAIL), a PROTOCOL_ERROR member of Event
    (HANDSHAKE_FAILED_PROTOCOL), or the status of ZAP (HANDSHAKE_FAILED_AUTH). endpoint: str. values: tuple of int, for
    version 2 of the events all its values, such as the queue lengths of PIPES_STATS. remote: str, for version 2 the
    peer's endpoint, otherwise empty.
    """

    event: Event
    name: str
    value: int
    endpoint: str
    values: tuple[int, ...] = ()
    remote: str = ""

    @property
    def reason(self) -> str | None:
        """Why something failed, in words, or None for events that are no failure and failures without a reason."""
        if self.event & _WITH_ERRNO:
            return strerror(self.value) if self.value else None
        if self.event == Event.HANDSHAKE_FAILED_PROTOCOL:
            name = Event(self.value).name
            return name.removeprefix("PROTOCOL_ERROR_") if name else f"protocol error {self.value:#x}"
        if self.event == Event.HANDSHAKE_FAILED_AUTH:
            return f"ZAP status {self.value} ({_ZAP_STATUS.get(self.value, 'unknown')})"
        return None


def parse_monitor_message(msg: list[bytes]) -> _Message:
    """Return a message from a monitor socket as a dict: event (Event), value (int), endpoint (bytes).

    msg: list of bytes, as recv_multipart returns it. Raises RuntimeError if it is no such message.
    """
    if len(msg) != 2 or len(msg[0]) != VERSION_1.size:
        raise RuntimeError(f"Invalid event message format: {msg}")
    event, value = VERSION_1.unpack(msg[0])
    return {"event": Event(event), "value": value, "endpoint": msg[1]}


def parse_monitor_event(msg: list[bytes]) -> MonitorEvent:
    """Return a message from a monitor socket as a MonitorEvent.

    msg: list of bytes, as recv_multipart returns it, of version 1 or 2 of the events. Raises RuntimeError if it is no
    such message.
    """
    if len(msg) == 2:
        parsed = parse_monitor_message(msg)
        event, endpoint = parsed["event"], _text(parsed["endpoint"])
        return MonitorEvent(event, _name(event), parsed["value"], endpoint)
    if len(msg) < 4 or any(len(frame) != NUMBER.size for frame in msg[:-2]):
        raise RuntimeError(f"Invalid event message format: {msg}")
    number, count, *values = (NUMBER.unpack(frame)[0] for frame in msg[:-2])
    if count != len(values):
        raise RuntimeError(f"Invalid event message format: {msg}")
    event = Event(number)
    first = values[0] if values else 0
    return MonitorEvent(event, _name(event), first, _text(msg[-2]), tuple(values), _text(msg[-1]))


if TYPE_CHECKING:

    @overload
    def recv_monitor_message(socket: _core.AsyncSocket | _core.TaskSocket, flags: int = 0) -> Awaitable[_Message]: ...
    @overload
    def recv_monitor_message(socket: Socket[Any], flags: int = 0) -> _Message: ...


def recv_monitor_message(socket: Any, flags: int = 0) -> _Message | Awaitable[_Message]:
    """Receive a message from a monitor socket and return it as parse_monitor_message does.

    socket: Socket, the one that get_monitor_socket returned; where its methods are awaited, the result has to be
    awaited too. flags: as for recv. Raises RuntimeError, and what recv_multipart raises.
    """
    if isinstance(socket, (_core.AsyncSocket, _core.TaskSocket)):
        return _await_message(socket, flags)
    return parse_monitor_message(socket.recv_multipart(flags))


async def _await_message(socket: Any, flags: int) -> _Message:
    return parse_monitor_message(await socket.recv_multipart(flags))


def monitor_events(socket: Socket[Any]) -> Iterator[MonitorEvent]:
    """Iterate over the events that come from a monitor socket, waiting for each.

    socket: Socket, the one that get_monitor_socket returned. It ends with MONITOR_STOPPED, which is the last event
    it gives, and when the context is terminated. Raises what recv_multipart raises.
    """
    try:
        while True:
            event = parse_monitor_event(socket.recv_multipart())
            yield event
            if event.event == Event.MONITOR_STOPPED:
                return
    except ContextTerminated:
        return


async def async_monitor_events(socket: Any) -> AsyncIterator[MonitorEvent]:
    """Iterate over the events that come from a monitor socket of asyncio's or anyio's. See monitor_events."""
    try:
        while True:
            event = parse_monitor_event(await socket.recv_multipart())
            yield event
            if event.event == Event.MONITOR_STOPPED:
                return
    except ContextTerminated:
        return


def _name(event: Event) -> str:
    return event.name or f"{int(event):#x}"


def _text(endpoint: bytes) -> str:
    return endpoint.decode("utf-8", "surrogateescape")
