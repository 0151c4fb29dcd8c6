"""Polling sockets and descriptors."""

from __future__ import annotations

import asyncio
import gc
import os
import socket as network

import pytest
from aio.turns import PATIENCE, turns

import zmqbind as zmq
import zmqbind.asyncio


def test_poller_of_sockets_and_descriptors(run, stream, blocking_pair):
    sender, receiver = stream
    other, blocking = blocking_pair
    left, right = network.socketpair()

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(receiver, zmq.POLLIN)
        poller.register(blocking, zmq.POLLIN)
        poller.register(left, zmq.POLLIN)
        poller.register(right.fileno(), zmq.POLLIN)
        assert await poller.poll(0) == []
        assert await poller.poll(1) == []
        assert await poller.poll(0.5) == []
        for act, ready, undo in [
            (lambda: sender.send(b"x"), receiver, lambda: receiver.recv().result()),
            (lambda: other.send(b"x"), blocking, blocking.recv),
            (lambda: right.send(b"x"), left.fileno(), lambda: left.recv(1)),
            (lambda: left.send(b"x"), right.fileno(), lambda: right.recv(1)),
        ]:
            for timeout in (-1, None, PATIENCE * 1000):
                waiting = poller.poll(timeout)
                assert isinstance(waiting, asyncio.Future) and not waiting.done()
                await turns()
                act()
                assert await waiting == [(ready, zmq.POLLIN)]
                assert await poller.poll(timeout) == [(ready, zmq.POLLIN)]
                undo()
                assert await poller.poll(0) == []
        poller.modify(right.fileno(), zmq.POLLOUT)
        poller.register(sender, zmq.POLLOUT)
        assert dict(await poller.poll()) == {right.fileno(): zmq.POLLOUT, sender: zmq.POLLOUT}

    with left, right:
        run(main())


def test_two_polls_and_a_reader_of_one_descriptor(run):
    mine, other = network.socketpair()

    async def main():
        seen = []
        asyncio.get_running_loop().add_reader(mine, seen.append, True)
        poller, second = zmq.asyncio.Poller(), zmq.asyncio.Poller()
        poller.register(mine, zmq.POLLIN)
        second.register(mine, zmq.POLLIN)
        waiting = [poller.poll(), poller.poll(), second.poll()]
        cancelled = poller.poll()
        await turns()
        assert not any(future.done() for future in waiting)
        cancelled.cancel()
        await turns()
        other.send(b"x")
        assert await asyncio.gather(*waiting) == [[(mine.fileno(), zmq.POLLIN)]] * 3
        await turns()
        assert seen
        asyncio.get_running_loop().remove_reader(mine)

    with mine, other:
        run(main())


def test_poller_waits_for_room(run, connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL, sndhwm=1, rcvhwm=1)

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(sender, zmq.POLLOUT)
        while await poller.poll(0):
            await sender.send(b"x")
        waiting = poller.poll()
        await turns()
        assert not waiting.done()
        while not waiting.done():
            await receiver.recv()
            await turns()
        assert await waiting == [(sender, zmq.POLLOUT)]

    run(main())


def test_a_poll_that_is_cancelled_leaves_nothing(run, stream):
    sender, receiver = stream
    left, right = network.socketpair()

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(receiver, zmq.POLLIN)
        poller.register(left, zmq.POLLIN)
        for _ in range(3):
            waiting = poller.poll()
            await turns()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert not asyncio.get_running_loop().remove_reader(left.fileno())
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(poller.poll(), 0.001)
        await sender.send(b"x")
        assert await poller.poll() == [(receiver, zmq.POLLIN)]

    with left, right:
        run(main())


def test_a_loop_that_is_closed_under_a_poll_keeps_no_descriptor(new_loop, monkeypatch):
    copies = []
    duplicate = os.dup
    monkeypatch.setattr(os, "dup", lambda descriptor: copies.append(duplicate(descriptor)) or copies[-1])
    left, right = network.socketpair()

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(left, zmq.POLLIN)
        return poller.poll()

    with left, right:
        loop = new_loop()
        waiting = loop.run_until_complete(main())
        loop.close()
        del waiting, loop
        gc.collect()
        assert len(copies) == 1
        with pytest.raises(OSError, match="descriptor"):
            os.fstat(copies[0])


def test_a_poller_of_a_closed_socket(run, stream):
    _, receiver = stream

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(receiver, zmq.POLLIN)
        receiver.close()
        with pytest.raises(zmq.ZMQError):
            await poller.poll()

    run(main())


def test_a_socket_that_is_closed_while_polled(run, stream):
    """The poll fails, and does not wait for ever."""
    _, receiver = stream

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(receiver, zmq.POLLIN)
        waiting = poller.poll()
        await turns()
        receiver.close()
        with pytest.raises(zmq.ZMQError):
            await waiting

    run(main())
