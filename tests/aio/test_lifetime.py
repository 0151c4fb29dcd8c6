"""What keeps a socket alive, and what does not."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
import weakref

import pytest
from aio.turns import turns

import zmqbind as zmq
import zmqbind.asyncio


@contextlib.contextmanager
def no_collector():
    """Only reference counts free anything; and nothing is warned of, since a warning would keep the socket."""
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            yield
    finally:
        gc.enable()


USES = {
    "nothing": lambda s: [],
    "done receive": lambda s: [s.recv(zmq.DONTWAIT)],
    "cancelled receive": lambda s: [s.recv()],
    "cancelled poll": lambda s: [s.poll()],
    "timed poll": lambda s: [s.poll(10_000)],
    "cancelled send": lambda s: [s.send(b"x"), s.send_multipart([b"x"]), s.send_batch([b"x"])],
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_dropped_socket_goes_at_once(run, context, use):
    async def main():
        socket = context.socket(zmq.PAIR)
        futures = use(socket)
        for future in futures:
            if not future.cancel():
                future.exception()
        futures = future = None
        await turns()
        gone = weakref.ref(socket)
        del socket
        assert gone() is None

    with no_collector():
        run(main())


def test_a_dropped_socket_that_was_served_goes_at_once(run, context):
    async def receive(receiver):
        return await receiver.recv(), await receiver.poll(), await receiver.recv_multipart()

    async def main():
        sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        sender.bind("inproc://served")
        receiver.connect("inproc://served")
        task = asyncio.ensure_future(receive(receiver))
        await turns()
        await sender.send(b"1")
        await turns()
        await sender.send(b"2")
        assert await task == (b"1", zmq.POLLIN, [b"2"])
        sender.close()
        del task
        await turns()
        gone = weakref.ref(receiver)
        del receiver
        assert gone() is None

    with no_collector():
        run(main())


@pytest.mark.parametrize("error", [zmq.Again, ZeroDivisionError])
def test_a_dropped_socket_whose_receiver_failed_goes_at_once(run, context, error):
    """The exception, whose traceback has the future's frame, does not keep the future and so the socket."""

    async def fail(receiver):
        with pytest.raises(error):
            await receiver.recv_serialized(lambda parts: 1 / 0)

    async def main():
        sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        sender.bind("inproc://failed")
        receiver.connect("inproc://failed")
        if error is zmq.Again:
            receiver.rcvtimeo = 1
        task = asyncio.ensure_future(fail(receiver))
        await turns()
        if error is not zmq.Again:
            await sender.send(b"x")
        await task
        sender.close()
        del task
        await turns()
        gone = weakref.ref(receiver)
        del receiver
        assert gone() is None

    with no_collector():
        run(main())


def test_a_dropped_socket_is_warned_of(run, context):
    async def main():
        socket = context.socket(zmq.PAIR)
        socket.recv().cancel()
        await turns()
        with pytest.warns(ResourceWarning, match="unclosed socket"):
            del socket

    run(main())


def test_a_waiting_task_keeps_its_socket(run, context):
    """Also if nobody but the loop knows the task."""
    received = []

    async def listen():
        with context.socket(zmq.PULL) as receiver:
            receiver.connect("inproc://kept")
            while len(received) < 2:
                received.append(await receiver.recv())

    async def main():
        with context.socket(zmq.PUSH) as sender:
            sender.bind("inproc://kept")
            asyncio.ensure_future(listen())  # noqa: RUF006
            for _ in range(2):
                await turns()
                gc.collect()
                await sender.send(b"x")
            while len(received) < 2:
                await asyncio.sleep(0.001)
            await turns()

    run(main())
    assert received == [b"x", b"x"]


def test_a_coroutine_that_is_closed_takes_no_message(run, stream):
    sender, receiver = stream

    async def receive():
        return await receiver.recv()

    async def main():
        coroutine = receive()
        coroutine.send(None)
        coroutine.close()
        await sender.send(b"x")
        assert await receiver.recv() == b"x"

    run(main())
