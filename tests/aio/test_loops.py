"""Loops that come and go under a socket."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading

import pytest
from aio.turns import PATIENCE, turns

import zmqbind as zmq
import zmqbind.asyncio


def test_a_socket_goes_on_in_another_loop(new_loop, run, stream):
    sender, receiver = stream

    async def main(number):
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(receiver.recv(), 0.001)
        waiting = receiver.recv()
        await sender.send(b"%d" % number)
        assert await waiting == b"%d" % number

    for number in range(3):
        run(main(number))


def test_a_loop_that_is_closed_under_waiters(new_loop, run, stream):
    sender, receiver = stream
    complaints = []
    loop = new_loop()
    loop.set_exception_handler(lambda loop, details: complaints.append(details))

    async def begin():
        receiver.rcvtimeo = PATIENCE * 1000
        return receiver.recv(), receiver.poll(PATIENCE * 1000)

    futures = loop.run_until_complete(begin())
    loop.close()
    assert not any(future.done() for future in futures)

    async def main():
        waiting = receiver.recv()
        await sender.send(b"x")
        assert await waiting == b"x"
        assert await receiver.poll(0) == 0

    run(main())
    del futures
    gc.collect()
    assert not complaints


def test_closing_a_socket_after_its_loop(new_loop, stream):
    _, receiver = stream
    loop = new_loop()

    async def begin():
        return receiver.recv()

    waiting = loop.run_until_complete(begin())
    loop.close()
    receiver.close()
    assert not waiting.done()


def test_no_reader_is_left_on_a_loop_that_goes_on(new_loop, connected_pair):
    """A descriptor that is closed while a loop watches it would be mistaken for what gets its number next."""
    loop = new_loop()

    async def begin(receiver):
        return receiver.recv()

    async def ask(descriptor):
        return loop.remove_reader(descriptor)

    try:
        for _ in range(3):
            _, receiver = connected_pair(zmq.PUSH, zmq.PULL)
            descriptor = receiver.fd
            waiting = loop.run_until_complete(begin(receiver))
            receiver.close()
            with pytest.raises(asyncio.CancelledError):
                loop.run_until_complete(waiting)
            assert not loop.run_until_complete(ask(descriptor))
    finally:
        loop.close()


def test_a_socket_cannot_be_waited_for_in_two_loops(new_loop, run, stream):
    _, receiver = stream
    loop = new_loop()

    async def begin():
        return receiver.recv()

    try:
        waiting = loop.run_until_complete(begin())
        with pytest.raises(RuntimeError, match="another event loop"):
            run(begin())
        waiting.cancel()
        run(begin()).cancel()
    finally:
        loop.close()


def test_a_shadow_that_works_in_another_loop_meanwhile(new_loop, run, stream):
    """A loop in another thread serves it; futures are of the loop in which they are asked for."""
    sender, receiver = stream
    shadow = zmq.asyncio.Socket.from_socket(receiver)

    def work():
        loop = new_loop()
        try:

            async def receive():
                return await shadow.recv()

            assert loop.run_until_complete(receive()) == b"elsewhere"
        finally:
            loop.close()

    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(3):  # so that the socket knows its loop
            await sender.send(b"x")
            assert await receiver.recv() == b"x"
        await sender.send(b"elsewhere")
        await loop.run_in_executor(None, work)
        waiting = receiver.recv()
        assert waiting.get_loop() is loop
        await sender.send(b"here")
        assert await waiting == b"here"

    run(main())


def test_a_shadow_of_another_kind_of_loop_meanwhile(new_loop, run, stream):
    anyio = pytest.importorskip("zmqbind.anyio")
    sender, receiver = stream

    async def main():
        shadow = anyio.Socket(receiver)
        for _ in range(3):
            await sender.send(b"x")
            assert await receiver.recv() == b"x"
        await sender.send(b"y")
        assert await shadow.recv() == b"y"
        waiting = receiver.recv()
        await sender.send(b"z")
        assert await waiting == b"z"
        waiting = receiver.recv()
        receiver.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main())


def test_receivers_of_a_rep_socket_wait_for_their_turn(run, connected_pair):
    client, server = connected_pair(zmq.REQ, zmq.REP)

    async def serve():
        request = await server.recv()
        await server.send(request.upper())
        return request

    async def main():
        tasks = [asyncio.ensure_future(serve()) for _ in range(2)]
        await turns()
        for request in (b"a", b"b"):
            await client.send(request)
            assert await client.recv() == request.upper()
        assert await asyncio.gather(*tasks) == [b"a", b"b"]

    run(main())


def test_outside_of_a_running_loop(new_loop, stream):
    sender, receiver = stream
    loop = new_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(sender.send(b"1"))
        assert loop.run_until_complete(receiver.recv()) == b"1"
        waiting = receiver.recv()
        assert not waiting.done()
        loop.run_until_complete(sender.send_multipart([b"2"]))
        assert loop.run_until_complete(waiting) == b"2"
        assert loop.run_until_complete(receiver.poll(1)) == 0
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_first_used_outside_of_a_running_loop(new_loop, stream):
    """In a thread where another loop has ended; from CPython 3.12 on, asyncio leaves None there."""
    loop = new_loop()
    loop.run_until_complete(asyncio.sleep(0))
    asyncio.set_event_loop(loop)
    try:
        waiting = stream[1].recv()
        assert not waiting.done()
        loop.run_until_complete(stream[0].send(b"1"))
        assert loop.run_until_complete(waiting) == b"1"
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_loop_that_is_closed_already(new_loop, run, stream):
    """Its refusal comes through the future, and spoils nothing."""
    sender, receiver = stream
    loop = new_loop()
    asyncio.set_event_loop(loop)
    loop.close()
    try:
        with pytest.raises(RuntimeError, match="closed"):
            receiver.recv().result()
    finally:
        asyncio.set_event_loop(None)

    async def main():
        waiting = receiver.recv()
        await sender.send(b"x")
        assert await waiting == b"x"

    run(main())


def test_loops_in_several_threads(new_loop, context):
    """Each with sockets of its own, of one context."""
    results = {}

    async def main(name):
        sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        sender.bind(f"inproc://{name}")
        receiver.connect(f"inproc://{name}")
        for number in range(300):
            waiting = receiver.recv()
            await sender.send(b"%d" % number)
            assert await waiting == b"%d" % number
        sender.close()
        receiver.close()
        results[name] = True

    def work(name):
        loop = new_loop()
        try:
            loop.run_until_complete(main(name))
        finally:
            loop.close()

    threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert results == dict.fromkeys(range(4), True)


def test_a_loop_that_cannot_wait_for_descriptors(stream, monkeypatch):
    """As the Proactor loop of Windows, here without Tornado."""
    _, receiver = stream
    monkeypatch.setitem(sys.modules, "tornado.platform.asyncio", None)

    class Loop(asyncio.SelectorEventLoop):
        def add_reader(self, *arguments):
            raise NotImplementedError

    loop = Loop()

    async def main():
        for _ in range(2):
            with pytest.raises(RuntimeError, match="SelectorEventLoop"):
                await receiver.recv()

    # The loop itself needs a reader for its self-pipe, which it has already by then.
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
