"""The loops that are measured, as a user would write them: nothing in them but the calls of zmqbind.

All of them are coroutines, so that what drives them is written once; those of the blocking APIs never wait in an
`await`, and cost what a function costs.
"""

from __future__ import annotations

from array import array
from itertools import repeat
from time import perf_counter_ns as clock
from typing import Any

from zmqbind import SocketType

from .patterns import Ends
from .settings import Case

PARTS = 3  # of a message, with `multipart`
BATCH = 1000  # messages in a batch at most


class Plain:
    """One message in a call; with `multipart`, a message of three parts."""

    def __init__(self, sends: Any, receives: Any, case: Case) -> None:
        self._sends = sends
        self._receives = receives
        self._message: Any = bytes(case.size)
        self._send = sends.send
        self._recv = receives.recv
        if case.api == "multipart":
            self._message = split(self._message)
            self._send, self._recv = sends.send_multipart, receives.recv_multipart
        elif receives.socket_type == SocketType.ROUTER:  # it puts the peer's routing id in front
            self._recv = receives.recv_multipart
            if sends is receives:
                self._send = sends.send_multipart

    async def send(self, count: int) -> None:
        send, message = self._send, self._message
        for _ in repeat(None, count):
            send(message)

    async def receive(self, count: int) -> None:
        recv = self._recv
        for _ in repeat(None, count):
            recv()

    async def ask(self, count: int, times: array[int]) -> None:
        """Ask, and put the nanoseconds that each answer took into `times`."""
        send, recv, message = self._send, self._recv, self._message
        for i in range(count):
            start = clock()
            send(message)
            recv()
            times[i] = clock() - start

    async def echo(self, count: int) -> None:
        send, recv = self._send, self._recv
        for _ in repeat(None, count):
            send(recv())

    # What is said between the loops, in other words than the messages.

    async def put(self, parts: list[bytes]) -> None:
        self._sends.send_multipart(parts)

    async def get(self) -> list[bytes]:
        parts: list[bytes] = self._receives.recv_multipart()
        return parts


class ZeroCopy(Plain):
    """Memory is lent, and messages are received as Frames."""

    async def send(self, count: int) -> None:
        send, message = self._send, self._message
        for _ in repeat(None, count):
            send(message, copy=False)

    async def receive(self, count: int) -> None:
        recv = self._recv
        for _ in repeat(None, count):
            recv(copy=False)

    async def ask(self, count: int, times: array[int]) -> None:
        send, recv, message = self._send, self._recv, self._message
        for i in range(count):
            start = clock()
            send(message, copy=False)
            recv(copy=False)
            times[i] = clock() - start

    async def echo(self, count: int) -> None:
        send, recv = self._send, self._recv
        for _ in repeat(None, count):
            send(recv(copy=False), copy=False)


class Batch(Plain):
    """Many messages in a call. There is no asking in batches."""

    def __init__(self, sends: Any, receives: Any, case: Case) -> None:
        super().__init__(sends, receives, case)
        self._send = sends.send_batch
        is_router = receives.socket_type == SocketType.ROUTER
        self._recv = receives.recv_batch_multipart if is_router else receives.recv_batch
        self._batch = [self._message] * BATCH

    async def send(self, count: int) -> None:
        send, batch = self._send, self._batch
        whole, rest = divmod(count, BATCH)
        for _ in repeat(None, whole):
            send(batch)
        send(batch[:rest])

    async def receive(self, count: int) -> None:
        recv = self._recv
        while count:
            count -= len(recv(count if count < BATCH else BATCH))


class Awaited(Plain):
    """Sockets of an event loop."""

    async def send(self, count: int) -> None:
        send, message = self._send, self._message
        for _ in repeat(None, count):
            await send(message)

    async def receive(self, count: int) -> None:
        recv = self._recv
        for _ in repeat(None, count):
            await recv()

    async def ask(self, count: int, times: array[int]) -> None:
        send, recv, message = self._send, self._recv, self._message
        for i in range(count):
            start = clock()
            await send(message)
            await recv()
            times[i] = clock() - start

    async def echo(self, count: int) -> None:
        send, recv = self._send, self._recv
        for _ in repeat(None, count):
            await send(await recv())

    async def put(self, parts: list[bytes]) -> None:
        await self._sends.send_multipart(parts)

    async def get(self) -> list[bytes]:
        parts: list[bytes] = await self._receives.recv_multipart()
        return parts


LOOPS: dict[str, type[Plain]] = {"zero-copy": ZeroCopy, "batch": Batch}


def split(message: bytes) -> list[bytes]:
    """A message in parts that are equally long, but for the last."""
    length = len(message) // PARTS
    return [message[:length]] * (PARTS - 1) + [message[(PARTS - 1) * length :]]


def make(ends: Ends, case: Case) -> Plain:
    """The loops over these sockets. For an event loop: to be called inside of it."""
    sends, receives = ends.sends, ends.receives
    if case.api in ("asyncio", "uvloop"):
        import zmqbind.asyncio

        wrap: Any = zmqbind.asyncio.Socket.from_socket
    elif case.api == "trio":
        import zmqbind.anyio

        wrap = zmqbind.anyio.Socket.from_socket
    else:
        return LOOPS.get(case.api, Plain)(sends, receives, case)
    wrapped = wrap(sends)
    return Awaited(wrapped, wrapped if sends is receives else wrap(receives), case)
