"""Several sockets for the same one of libzmq's."""

from __future__ import annotations

import asyncio
import gc

import pytest
from aio.turns import turns

import zmqbind as zmq
import zmqbind.asyncio


def test_shadowing_a_blocking_socket(run, blocking_pair):
    sender, blocking = blocking_pair

    async def main():
        for shadow in (zmq.asyncio.Socket(blocking), zmq.asyncio.Socket.from_socket(blocking)):
            assert isinstance(shadow, zmq.asyncio.Socket) and shadow.type == zmq.PULL
            waiting = shadow.recv()
            sender.send(b"1")
            sender.send(b"2")
            assert await waiting == b"1"
            assert blocking.recv() == b"2"
            del shadow, waiting
            gc.collect()
            assert not blocking.closed

    run(main())


def test_a_shadow_sees_what_a_blocking_socket_does(run, blocking_pair):
    """A call into the other may use up the descriptor's word."""
    sender, blocking = blocking_pair

    async def main():
        shadow = zmq.asyncio.Socket(blocking)
        for _ in range(50):
            waiting = shadow.recv()
            await turns(2)
            sender.send(b"1")
            sender.send(b"2")
            assert blocking.recv() == b"1"
            assert await waiting == b"2"

    run(main())


def test_a_buffer_that_shrinks_while_a_receiver_waits(run, stream):
    """What does not fit any more is cut off, as it is of any buffer that is too small."""
    sender, receiver = stream

    async def main():
        buffer = bytearray(100_000)
        waiting = receiver.recv_into(buffer)
        del buffer[3:]
        buffer[:] = bytes(bytearray(3))  # the memory is given back
        await sender.send(b"x" * 100_000)
        assert await waiting == 100_000
        assert buffer == b"xxx"

    run(main())


def test_a_blocking_shadow_takes_the_rest_of_a_message_that_came_back(run, stream):
    sender, receiver = stream
    shadow = zmq.Socket(shadow=receiver)

    async def receive():
        return await receiver.recv()

    async def main():
        task = asyncio.ensure_future(receive())
        await turns()
        await sender.send_multipart([b"1", b"2", b"3"])
        while not receiver.get(zmq.RCVMORE):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert receiver.get(zmq.EVENTS) & zmq.POLLIN
        assert [shadow.recv(zmq.DONTWAIT), shadow.recv(zmq.DONTWAIT)] == [b"2", b"3"]
        await sender.send_multipart([b"4", b"5"])
        assert await receiver.recv_multipart() == [b"1"]
        assert await receiver.recv_multipart() == [b"4", b"5"]

    run(main())


def test_two_asyncio_sockets_stand_in_one_line(run, stream):
    sender, receiver = stream

    async def main():
        other = zmq.asyncio.Socket(receiver)
        waiting = [socket.recv() for socket in (receiver, other, receiver, other)]
        for number in range(4):
            await sender.send(b"%d" % number)
        assert await asyncio.gather(*waiting) == [b"0", b"1", b"2", b"3"]
        last = other.recv()
        receiver.close()
        assert other.closed
        with pytest.raises(asyncio.CancelledError):
            await last

    run(main())
