"""The end of sockets and contexts that are waited for."""

from __future__ import annotations

import threading

import pytest
from aio.turns import PATIENCE

import zmqbind as zmq
import zmqbind.asyncio


def test_closing_cancels_waiters(run, context):
    async def main():
        socket = context.socket(zmq.PAIR)
        socket.bind("inproc://lonely")
        waiters = [
            socket.recv(),
            socket.recv_multipart(),
            socket.recv_batch(),
            socket.poll(),
            socket.send(b"x"),
            socket.send_batch([b"x"]),
        ]
        assert not any(waiter.done() for waiter in waiters)
        socket.close()
        assert all(waiter.cancelled() for waiter in waiters)

    run(main())


@pytest.mark.parametrize("ask", [lambda s: s.recv(), lambda s: s.poll(), lambda s: s.send(b"x")])
def test_terminating_the_context_fails_waiters(run, ask):
    context = zmq.asyncio.Context()

    async def main():
        socket = context.socket(zmq.PAIR)
        waiting = ask(socket)
        thread = threading.Thread(target=context.term, daemon=True)
        thread.start()
        with pytest.raises(zmq.ContextTerminated):
            await waiting
        socket.close()
        thread.join(PATIENCE)
        assert context.closed

    run(main())


def test_async_with(run):
    async def main():
        async with zmq.asyncio.Context() as context:
            async with context.socket(zmq.PULL) as socket:
                assert isinstance(socket, zmq.asyncio.Socket)
            assert socket.closed
            left = context.socket(zmq.PULL)
        assert context.closed and left.closed

    run(main())


def test_leaving_a_context_that_cannot_end_can_be_cancelled(run_python):
    """By Ctrl-C, or as here: neither the loop nor the program waits for what nobody will ever receive."""
    output = run_python(
        """
        import asyncio, socket as network
        import zmqbind as zmq, zmqbind.asyncio

        async def main(port):
            async with zmq.asyncio.Context() as context, context.socket(zmq.PUSH) as socket:
                socket.linger = -1
                socket.connect(f"tcp://127.0.0.1:{port}")
                await socket.send(b"x")
                asyncio.get_running_loop().call_later(0.01, asyncio.current_task().cancel)

        with network.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            try:
                asyncio.run(main(nobody.getsockname()[1]))
            except asyncio.CancelledError:
                print("cancelled")
        """
    )
    assert output.strip() == "cancelled"


def test_iteration_ends_with_the_context(run, context):
    async def main():
        socket = context.socket(zmq.PULL)
        thread = threading.Thread(target=context.term, daemon=True)
        thread.start()
        assert [message async for message in socket] == []
        socket.close()
        thread.join(PATIENCE)

    run(main())


def test_plain_iteration_is_refused(make_socket):
    with pytest.raises(TypeError):
        iter(make_socket(zmq.PULL))


def test_io_loop_is_deprecated(context, blocking_pair):
    with pytest.warns(DeprecationWarning, match="io_loop"), context.socket(zmq.PULL, io_loop=1):
        pass
    with pytest.warns(DeprecationWarning, match="io_loop"), zmq.asyncio.Socket(context, zmq.PULL, io_loop=1):
        pass
    with pytest.warns(DeprecationWarning, match="io_loop"):
        zmq.asyncio.Socket.from_socket(blocking_pair[1], io_loop=1)
