"""Decorated functions get contexts and sockets, which are closed when they end."""

from __future__ import annotations

import asyncio
import inspect

import pytest

import zmqbind as zmq
import zmqbind.asyncio
from zmqbind.decorators import context, socket


def test_context():
    @context()
    def work(first, ctx, *, key):
        """What it does."""
        assert not ctx.closed
        return first, ctx, key

    first, ctx, key = work(1, key=2)
    assert (first, type(ctx), key) == (1, zmq.Context, 2)
    assert ctx.closed
    assert (work.__name__, work.__doc__) == ("work", "What it does.")


@pytest.mark.parametrize("decorator", [context("ctx", 3), context(3, name="ctx"), context(name="ctx", io_threads=3)])
def test_context_by_name(decorator):
    @decorator
    def work(*args, ctx):
        return args, ctx.io_threads

    assert work(1) == ((1,), 3)
    with pytest.raises(TypeError, match="multiple values for argument 'ctx'"):
        work(ctx=5)


def test_an_error_closes_what_there_is():
    made = []

    @context()
    @socket(zmq.PUSH)
    def work(ctx, push):
        made.extend((ctx, push))
        raise LookupError

    with pytest.raises(LookupError):
        work()
    assert all(thing.closed for thing in made)


def test_several_sockets_of_one_context():
    @context()
    @socket(zmq.PUSH)
    @socket("pull", zmq.PULL)
    def work(ctx, push, pull):
        assert push.context is pull.context is ctx
        pull.bind("inproc://decorated")
        push.connect("inproc://decorated")
        push.send(b"x")
        return pull.recv()

    assert work() == b"x"


@pytest.mark.parametrize("decorator", [socket(zmq.PUB), socket(zmq.PUB, context_name="mine")])
def test_where_a_sockets_context_comes_from(decorator):
    @decorator
    def work(*args, **kwargs):
        return args[-1].context

    assert work() is zmq.Context.instance()
    with zmq.Context() as ctx:
        assert work(ctx) is ctx
        assert work(1, ctx) is ctx
        expected = {True: ctx, False: zmq.Context.instance()}
        is_mine = work(mine=ctx) is ctx
        assert work(context=ctx) is expected[not is_mine]
        assert work(other=ctx) is zmq.Context.instance()
    assert work(context=5) is zmq.Context.instance()


def test_methods():
    class Worker:
        @context("ctx")
        @socket("push", zmq.PUSH, context_name="ctx")
        def work(self, ctx, push):
            return self, push.context is ctx

        @classmethod
        @socket(zmq.PUSH)
        def make(cls, push):
            return cls, push.type

        @staticmethod
        @socket(zmq.PULL)
        def static(pull):
            return pull.type

    worker = Worker()
    assert worker.work() == (worker, True)
    assert Worker.make() == (Worker, zmq.PUSH)
    assert worker.static() == zmq.PULL


def test_coroutine_functions():
    """They keep what they were given until they have ended, and can await it."""

    @context()
    @socket(zmq.PUSH)
    @socket(zmq.PULL)
    async def work(ctx, push, pull):
        pull.bind("inproc://decorated")
        push.connect("inproc://decorated")
        await push.send(b"x")
        await asyncio.sleep(0)
        return ctx, push, await pull.recv()

    assert inspect.iscoroutinefunction(work)
    ctx, push, message = asyncio.run(work())
    assert (type(ctx), type(push), message) == (zmqbind.asyncio.Context, zmqbind.asyncio.Socket, b"x")
    assert ctx.closed
    assert push.closed


def test_coroutine_function_with_a_context_of_ones_own():
    @socket(zmq.PULL)
    async def work(ctx, pull):
        return type(pull)

    with zmq.Context() as ctx:
        assert asyncio.run(work(ctx)) is zmq.Socket


def test_mistakes(raises_errno):
    with pytest.raises(TypeError, match="parentheses"):
        context(lambda ctx: None)

    with pytest.raises(TypeError, match="socket_type"):
        socket()(lambda s: None)()
    with pytest.raises(TypeError, match="frobnicate"):
        socket(zmq.PUB, frobnicate=1)(lambda s: None)()
    with raises_errno(zmq.EINVAL):
        socket(99)(lambda s: None)()
