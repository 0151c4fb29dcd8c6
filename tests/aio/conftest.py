"""What the tests of asyncio's sockets share: loops of both kinds, contexts, sockets.

What sockets do on every loop is tested in tests/loops.
"""

from __future__ import annotations

import asyncio

import pytest
from aio.turns import PATIENCE

import zmqbind as zmq
import zmqbind.asyncio


def asyncio_loop():
    return asyncio.SelectorEventLoop()


def uv_loop():
    import uvloop

    return uvloop.new_event_loop()


@pytest.fixture(params=[asyncio_loop, uv_loop], ids=["asyncio", "uvloop"])
def new_loop(request):
    """Each of the functions that make an event loop."""
    if request.param is uv_loop:  # before a coroutine has been made that nobody would await
        pytest.importorskip("uvloop")
    return request.param


@pytest.fixture
def run(new_loop):
    """``run(coroutine)``: as asyncio.run, within PATIENCE seconds, in debug mode; the loop may have no complaints."""

    def run(coroutine):
        complaints = []
        loop = new_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = PATIENCE
        loop.set_exception_handler(lambda loop, details: complaints.append(details))
        try:
            result = loop.run_until_complete(asyncio.wait_for(coroutine, PATIENCE))
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks))
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        assert not complaints
        return result

    return run


@pytest.fixture
def context():
    """A context of asyncio's, destroyed without lingering when the test ends."""
    context = zmq.asyncio.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def stream(connected_pair):
    """A PUSH and a PULL socket of asyncio's."""
    return connected_pair(zmq.PUSH, zmq.PULL)


@pytest.fixture
def blocking_pair():
    """A connected PUSH and PULL socket, both blocking."""
    context = zmq.Context()
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    receiver.bind("inproc://blocking")
    sender.connect("inproc://blocking")
    yield sender, receiver
    context.destroy(linger=0)
