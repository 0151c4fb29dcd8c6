"""Loops that run in other threads."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
from aio.turns import PATIENCE, wait_a_little

import zmqbind as zmq
import zmqbind.asyncio


@contextlib.contextmanager
def loop_in_a_thread(new_loop):
    """A loop, in debug mode, that runs in another thread."""
    loop = new_loop()
    loop.set_debug(True)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.mark.parametrize("waiting", [True, False])
def test_another_thread_cannot_close_what_a_loop_watches(new_loop, stream, waiting):
    sender, receiver = stream

    async def begin():
        await wait_a_little(receiver)
        return receiver.recv() if waiting else None

    async def end(future):
        await sender.send(b"x")
        assert await (future or receiver.recv()) == b"x"
        receiver.close()

    with loop_in_a_thread(new_loop) as loop:
        future = asyncio.run_coroutine_threadsafe(begin(), loop).result(PATIENCE)
        with pytest.raises(zmq.ConcurrentUseError, match=r"close.*another thread"):
            receiver.close()
        with pytest.raises(RuntimeError, match="another event loop"):
            asyncio.run(begin())
        asyncio.run_coroutine_threadsafe(end(future), loop).result(PATIENCE)
    assert receiver.closed


def test_a_context_is_destroyed_while_a_loop_in_another_thread_waits(new_loop):
    context = zmq.asyncio.Context()
    receiver, idle = context.socket(zmq.PULL), context.socket(zmq.PULL)
    began = threading.Event()

    async def main():
        await wait_a_little(idle)
        future = receiver.recv()
        began.set()
        with pytest.raises(zmq.ContextTerminated):
            await future

    with loop_in_a_thread(new_loop) as loop:
        done = asyncio.run_coroutine_threadsafe(main(), loop)
        assert began.wait(PATIENCE)
        context.destroy(linger=0)
        done.result(PATIENCE)
    assert receiver.closed
    assert idle.closed


@pytest.mark.filterwarnings("ignore:unclosed socket")
def test_a_socket_dropped_in_another_thread_is_let_go_by_its_loop(new_loop, context):
    """As the garbage collector may do."""
    descriptors = []

    async def main():
        kept = [context.socket(zmq.PULL)]
        descriptors.append(kept[0].fd)
        await wait_a_little(kept[0])
        return kept

    async def look():
        """By now the loop has been told."""
        return asyncio.get_running_loop().remove_reader(descriptors[0])

    with loop_in_a_thread(new_loop) as loop:
        kept = asyncio.run_coroutine_threadsafe(main(), loop).result(PATIENCE)
        kept.clear()
        assert not asyncio.run_coroutine_threadsafe(look(), loop).result(PATIENCE)
    assert not context._sockets
    context.term()  # would wait for ever if the socket were still open


def test_a_shadow_works_in_another_thread(new_loop, stream):
    """What it does may concern the loop, which is told in time."""
    sender, receiver = stream
    shadow = zmq.Socket(shadow=receiver)

    async def begin():
        return receiver.recv()

    async def end(future):
        await sender.send(b"x")
        return await future

    with loop_in_a_thread(new_loop) as loop:
        future = asyncio.run_coroutine_threadsafe(begin(), loop).result(PATIENCE)
        for _ in range(10):
            assert not shadow.poll(0)
            with pytest.raises(zmq.Again):
                shadow.recv(zmq.DONTWAIT)
        assert asyncio.run_coroutine_threadsafe(end(future), loop).result(PATIENCE) == b"x"
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(PATIENCE)
