"""Operations awaited in an event loop: the same coroutines for every binding."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack
from functools import partial
from types import SimpleNamespace

import greenlets
from meter import Meter
from sessions import SPARE_SOCKETS


async def send_recv(zmq, a, b, message, count):
    """A message is there when it is asked for: nothing has to wait."""
    send, recv = a.send, b.recv
    for _ in range(count):
        await send(message)
        await recv()


async def multipart(zmq, a, b, message, count):
    """The same with three parts."""
    send, recv, parts = a.send_multipart, b.recv_multipart, [message] * 3
    for _ in range(count):
        await send(parts)
        await recv()


async def stream(zmq, a, b, message, count):
    """A task that sends, and one that receives."""

    async def sender():
        send = a.send
        for _ in range(count):
            await send(message)

    async def receiver():
        recv = b.recv
        for _ in range(count):
            await recv()

    await zmq.together(sender, receiver)


async def round_trip(zmq, a, b, message, count):
    """A task that asks, and one that answers: each waits for the other."""

    async def client():
        send, recv = a.send, a.recv
        for _ in range(count):
            await send(message)
            await recv()

    async def server():
        send, recv = b.send, b.recv
        for _ in range(count):
            await send(await recv())

    await zmq.together(client, server)


# name: (coroutine function, types of the two sockets, endpoint)
OPERATIONS = {
    "send-recv": (send_recv, "PAIR", "PAIR", "inproc://loop"),
    "multipart": (multipart, "PAIR", "PAIR", "inproc://loop"),
    "stream": (stream, "PUSH", "PULL", "tcp://127.0.0.1:*"),
    "round-trip": (round_trip, "REQ", "REP", "tcp://127.0.0.1:*"),
    "wake": (round_trip, "PAIR", "PAIR", "inproc://loop"),
}


async def gathered(*functions):
    """Run coroutine functions at the same time, on asyncio."""
    await asyncio.gather(*(function() for function in functions))


async def grouped(*functions):
    """Run coroutine functions at the same time, with anyio."""
    from anyio import create_task_group

    async with create_task_group() as group:
        for function in functions:
            group.start_soon(function)


def uvloop_run(main):
    """asyncio.run on uvloop."""
    import uvloop

    return uvloop.run(main())


def anyio_run(main, backend):
    """anyio.run."""
    import anyio

    return anyio.run(main, backend=backend)


# name: (submodule of the binding, what runs a coroutine function, what runs several at the same time)
LOOPS = {
    "asyncio": ("asyncio", lambda main: asyncio.run(main()), gathered),
    "uvloop": ("asyncio", uvloop_run, gathered),
    "anyio-asyncio": ("anyio", partial(anyio_run, backend="asyncio"), grouped),
    "anyio-trio": ("anyio", partial(anyio_run, backend="trio"), grouped),
}


def binding(library, submodule, together):
    """What the coroutines need of a binding; zmq-anyio is a wrapper around PyZMQ's sockets."""
    if library.__name__ == "zmq_anyio":
        import zmq

        return SimpleNamespace(constants=zmq, Context=zmq.Context, wrap=library.Socket, prefix="a", together=together)
    loop = importlib.import_module(f"{library.__name__}.{submodule}")
    return SimpleNamespace(constants=library, Context=loop.Context, wrap=None, prefix="", together=together)


async def open_socket(zmq, context, kind, stack):
    """A socket that is open until the stack ends."""
    socket = context.socket(getattr(zmq.constants, kind))
    return await stack.enter_async_context(zmq.wrap(socket)) if zmq.wrap else socket


def methods(zmq, socket):
    """The methods of a socket that are to be awaited."""
    names = ("send", "recv", "send_multipart", "recv_multipart")
    return SimpleNamespace(**{name: getattr(socket, zmq.prefix + name) for name in names})


async def wait_for_ever(recv):
    """An idle socket's task."""
    await recv()


async def time_operation(zmq, operation, kinds, endpoint, idle, size, count):
    """The sample of so many, beside so many idle sockets that somebody waits for."""
    context = zmq.Context()
    context.set(zmq.constants.MAX_SOCKETS, idle + SPARE_SOCKETS)
    waiting = []
    try:
        async with AsyncExitStack() as stack:
            a, b = [await open_socket(zmq, context, kind, stack) for kind in kinds]
            b.bind(endpoint)
            a.connect(b.getsockopt(zmq.constants.LAST_ENDPOINT).rstrip(b"\0").decode())
            a, b = methods(zmq, a), methods(zmq, b)
            for _ in range(idle):
                socket = await open_socket(zmq, context, "PULL", stack)
                waiting.append(asyncio.create_task(wait_for_ever(methods(zmq, socket).recv)))
            message = b"x" * size
            await operation(zmq, a, b, message, 1)  # connected, and the loop knows the descriptors
            meter = Meter()
            await operation(zmq, a, b, message, count)
            return meter.read(count)
    finally:
        for task in waiting:
            task.cancel()
        if waiting:  # on asyncio's loops; gather would not work on trio
            await asyncio.gather(*waiting, return_exceptions=True)
        context.destroy(linger=0)


def measure(library, job):
    """Time one operation on one loop, LOOP:OPERATION; job.number: how many idle sockets there are beside it."""
    loop, _, what = job.subject.partition(":")
    if loop == "gevent":
        yield greenlets.measure(library, what, job.size, job.count)
        return
    submodule, run, together = LOOPS[loop]
    operation, *kinds, endpoint = OPERATIONS[what]
    zmq = binding(library, submodule, together)
    yield run(lambda: time_operation(zmq, operation, kinds, endpoint, job.number, job.size, job.count))
