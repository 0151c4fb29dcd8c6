"""Turns of other tasks, and many sockets."""

from __future__ import annotations

import asyncio

from aio.turns import IMMEDIATE

import zmqbind as zmq
import zmqbind.asyncio


def test_other_tasks_get_their_turn(run, stream):
    """Between two turns of another task at most IMMEDIATE operations are done at once, besides those waited for."""
    sender, receiver = stream
    operations = 0
    longest = 0

    async def pump(count):
        nonlocal operations
        for _ in range(count):
            await sender.send(b"x")
            await receiver.recv()
            operations += 2

    async def watch():
        nonlocal longest
        before = operations
        while True:
            await asyncio.sleep(0)
            longest, before = max(longest, operations - before), operations

    async def main():
        watcher = asyncio.ensure_future(watch())
        await pump(20 * IMMEDIATE)
        watcher.cancel()

    run(main())
    assert 0 < longest <= IMMEDIATE + 4


def test_idle_sockets_cost_nothing(run, context):
    """No operation on one socket looks at the others: hundreds wait, and their descriptors are never asked."""

    async def main():
        idle = [context.socket(zmq.PULL) for _ in range(400)]
        waiting = [socket.recv() for socket in idle]
        sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        sender.bind("inproc://busy")
        receiver.connect("inproc://busy")
        for number in range(1000):
            future = receiver.recv()
            await sender.send(b"%d" % number)
            assert await future == b"%d" % number
        assert not any(future.done() for future in waiting)
        for socket in (*idle, sender, receiver):
            socket.close()

    run(main())
