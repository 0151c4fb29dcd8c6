"""Forks, imports, the end of the program."""

from __future__ import annotations

import contextlib
import gc
import os
import warnings

import pytest

import zmqbind as zmq
import zmqbind.asyncio


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork(run_python):
    """The child's loop and sockets are its own, and the parent's go on."""
    output = run_python(
        """
        import asyncio, os, warnings
        import zmqbind as zmq, zmqbind.asyncio
        warnings.simplefilter("ignore")

        async def talk(sender, receiver):
            waiting = receiver.recv()
            await sender.send(b"x")
            return await waiting

        def pair():
            context = zmq.asyncio.Context()
            sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
            sender.bind("inproc://a")
            receiver.connect("inproc://a")
            return context, sender, receiver

        async def of_parent(receiver):
            try:
                await receiver.recv()
            except zmq.ZMQError as error:
                assert error.errno == zmq.ENOTSOCK
                return True

        context, sender, receiver = pair()
        assert asyncio.run(talk(sender, receiver)) == b"x"
        child = os.fork()
        if child == 0:
            assert asyncio.run(of_parent(receiver))
            mine, my_sender, my_receiver = pair()
            assert asyncio.run(talk(my_sender, my_receiver)) == b"x"
            mine.destroy(linger=0)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert asyncio.run(talk(sender, receiver)) == b"x"
        context.destroy(linger=0)
        print("both")
        """
    )
    assert output.strip() == "both"


def test_a_forked_child_that_drops_a_socket(run_python, new_loop):
    """The parent's loop, whose epoll the child has, too, watches on."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    output = run_python(
        """
        import asyncio, gc, os, sys, warnings
        import zmqbind as zmq, zmqbind.asyncio
        warnings.simplefilter("ignore")

        async def main():
            context = zmq.asyncio.Context()
            sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
            sender.bind("inproc://a")
            receiver.connect("inproc://a")
            waiting = receiver.recv()
            await asyncio.sleep(0)
            child = os.fork()
            if child == 0:
                waiting.cancel()
                del waiting, receiver
                gc.collect()
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            await asyncio.sleep(0.001)
            zmq.Socket(shadow=sender).send(b"x")
            print(await asyncio.wait_for(waiting, 20))
            context.destroy(linger=0)

        if sys.argv[1] == "uv_loop":
            import uvloop
            loop = uvloop.new_event_loop()
        else:
            loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """,
        new_loop.__name__,
    )
    assert output.strip() == "b'x'"


def test_importing_zmqbind_does_not_import_asyncio(run_python):
    assert run_python("import sys, zmqbind; print('asyncio' in sys.modules)").strip() == "False"


def test_a_program_that_ends_with_a_socket_waiting(run_python):
    """Nothing is said but what asyncio and the sockets have to say; the process ends."""
    output = run_python(
        """
        import asyncio
        import zmqbind as zmq, zmqbind.asyncio

        context = zmq.asyncio.Context()
        socket = context.socket(zmq.PULL)

        async def main():
            asyncio.ensure_future(receive())
            await asyncio.sleep(0)

        async def receive():
            await socket.recv()

        asyncio.run(main())
        print("end")
        """
    )
    assert output.strip() == "end"


def test_nothing_is_warned_of(run, stream):
    """Use as usual, with all warnings errors and asyncio in debug mode."""
    sender, receiver = stream

    async def main():
        for _ in range(3):
            waiting = receiver.recv_multipart()
            await sender.send_multipart([b"a", b"b"])
            assert await waiting == [b"a", b"b"]
            with contextlib.suppress(zmq.Again):
                await receiver.recv(zmq.DONTWAIT)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())
    gc.collect()
