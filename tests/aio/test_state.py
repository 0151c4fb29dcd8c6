"""Options, messages that came back, timeouts."""

from __future__ import annotations

import asyncio

import pytest
from aio.turns import turns, wait_a_little

import zmqbind as zmq
import zmqbind.asyncio


def test_events_are_read_at_once(run, stream):
    sender, receiver = stream

    async def main():
        assert receiver.get(zmq.EVENTS) == 0
        assert sender.get(zmq.EVENTS) == sender.events == zmq.POLLOUT
        await sender.send(b"x")
        assert receiver.get(zmq.EVENTS) == receiver.getsockopt(zmq.EVENTS) == zmq.POLLIN

    run(main())


async def give_back(sender, receiver, message):
    """Send a message that arrives for a task of the receiver's, which is cancelled before it gets it."""

    async def receive():
        return await receiver.recv_multipart()

    task = asyncio.ensure_future(receive())
    await turns()
    await sender.send_multipart(message)
    while not task._fut_waiter.done():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_more_tells_of_parts_that_came_back(run, stream):
    sender, receiver = stream

    async def main():
        await give_back(sender, receiver, [b"1", b"2"])
        for more in (True, False):
            await receiver.recv()
            assert receiver.get(zmq.RCVMORE) == receiver.rcvmore == more
        await sender.send_multipart([b"1", b"2"])
        for more in (True, False):
            await receiver.recv()
            assert receiver.get(zmq.RCVMORE) == receiver.rcvmore == more

    run(main())


def test_events_tell_of_a_message_that_came_back(run, stream):
    sender, receiver = stream

    async def main():
        await give_back(sender, receiver, [b"x"])
        assert receiver.get(zmq.EVENTS) == receiver.events == zmq.POLLIN
        assert await receiver.poll(0) == zmq.POLLIN
        poller = zmq.asyncio.Poller()
        poller.register(receiver, zmq.POLLIN)
        assert await poller.poll() == [(receiver, zmq.POLLIN)]
        assert receiver.recv().result() == b"x"
        assert receiver.get(zmq.EVENTS) == 0

    run(main())


@pytest.mark.parametrize("parts", [[b"x"], [b"x", b"y"]])
@pytest.mark.parametrize("call", ["recv_multipart", "recv_batch_multipart"])
def test_a_message_that_came_back_keeps_its_metadata(run, connected_pair, call, parts):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL, "tcp")

    async def main():
        await wait_a_little(receiver)
        waiting = asyncio.ensure_future(take(getattr(receiver, call)))
        await turns()
        await sender.send_multipart(parts)
        blocking = zmq.Socket(shadow=receiver)
        blocking.poll()
        receiver.get(zmq.EVENTS)  # the loop looks in its next turn
        await asyncio.sleep(0)
        waiting.cancel()
        await turns()
        assert receiver._has_returned
        frames = await receiver.recv_multipart(copy=False)
        assert [frame.bytes for frame in frames] == parts
        assert [frame["Socket-Type"] for frame in frames] == ["PUSH"] * len(parts)

    async def take(receive):
        await receive()

    run(main())


def test_a_deserializer_that_is_cancelled_ends_its_own_receive_only(run, stream):
    sender, receiver = stream

    def deserialize(parts):
        raise asyncio.CancelledError

    async def main():
        first, second = receiver.recv_serialized(deserialize), receiver.recv()
        await sender.send(b"1")
        with pytest.raises(asyncio.CancelledError):
            await first
        await sender.send(b"2")
        assert await second == b"2"

    run(main())


@pytest.mark.parametrize("timeout", [float("inf"), float("-inf"), None, -1])
def test_endless_timeouts(run, stream, timeout):
    sender, receiver = stream

    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(receiver)
        polls = [receiver.poll(timeout), poller.poll(timeout)]
        await turns()
        await sender.send(b"x")
        assert await asyncio.gather(*polls) == [zmq.POLLIN, [(receiver, zmq.POLLIN)]]

    run(main())


@pytest.mark.parametrize("timeout", ["1", float("nan"), []])
def test_bad_timeouts_are_named(run, stream, timeout):
    async def main():
        poller = zmq.asyncio.Poller()
        poller.register(stream[1])
        for poll in (stream[1].poll, poller.poll):
            with pytest.raises(TypeError, match="timeout"):
                await poll(timeout)

    run(main())


def test_options_by_keyword(context):
    with context.socket(zmq.PULL) as socket:
        assert socket.get(key=zmq.TYPE) == zmq.PULL
