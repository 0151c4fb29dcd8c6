"""zmqbind.anyio: what is special to it. What it shares with the other event loops is in tests/loops."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket as stdlib_socket

import pytest

import zmqbind as zmq

anyio = pytest.importorskip("anyio")
trio_testing = pytest.importorskip("trio.testing")

import zmqbind.anyio  # noqa: E402

BACKENDS = ("asyncio", "trio")
PATIENCE = 45  # seconds; nothing here takes as long
pytestmark = pytest.mark.parametrize("backend", BACKENDS)


@contextlib.contextmanager
def sockets(first=zmq.PUSH, second=zmq.PULL, **options):
    """Two connected sockets, closed at the end."""
    context = zmqbind.anyio.Context()
    pair = context.socket(first), context.socket(second)
    for socket in pair:
        for name, value in options.items():
            setattr(socket, name, value)
    pair[0].bind("inproc://anyio")
    pair[1].connect("inproc://anyio")
    try:
        yield pair
    finally:
        context.destroy(linger=0)


def blocking(socket, kind=zmq.PUSH):
    """A blocking socket connected to one that is bound or has a peer; closed with its context if not before."""
    other = socket.context.socket(kind, socket_class=zmq.Socket)
    other.connect("inproc://anyio")
    return other


def run(backend, function, *arguments):
    async def bounded():
        with anyio.fail_after(PATIENCE):
            return await function(*arguments)

    return anyio.run(bounded, backend=backend)


# Each completes at once, on a pair of sockets that can be sent through and has ten messages to be received.
CALLS = {
    "recv": lambda a, b: b.recv(),
    "recv a frame": lambda a, b: b.recv(copy=False),
    "recv for now": lambda a, b: b.recv(zmq.DONTWAIT),
    "recv_multipart": lambda a, b: b.recv_multipart(),
    "recv_into": lambda a, b: b.recv_into(bytearray(8)),
    "recv_string": lambda a, b: b.recv_string(),
    "recv_json": lambda a, b: b.recv_json(),
    "recv_serialized": lambda a, b: b.recv_serialized(list),
    "recv_batch": lambda a, b: b.recv_batch(),
    "recv_batch_multipart": lambda a, b: b.recv_batch_multipart(),
    "async for": lambda a, b: b.__anext__(),
    "send": lambda a, b: a.send(b"0"),
    "send a frame": lambda a, b: a.send(zmq.Frame(b"0")),
    "send_multipart": lambda a, b: a.send_multipart([b"0", b"1"]),
    "send_string": lambda a, b: a.send_string("0"),
    "send_json": lambda a, b: a.send_json(0),
    "send_pyobj": lambda a, b: a.send_pyobj(0),
    "send_serialized": lambda a, b: a.send_serialized(0, lambda number: [b"0"]),
    "send_batch": lambda a, b: a.send_batch([b"0"] * 5),
    "send_batch_multipart": lambda a, b: a.send_batch_multipart([[b"0"]] * 5),
    "poll": lambda a, b: b.poll(),
    "poll for now": lambda a, b: b.poll(0, zmq.POLLOUT),
    "Poller.poll": lambda a, b: poller_of(b).poll(),
    "Poller.poll for now": lambda a, b: poller_of(a, zmq.POLLIN).poll(0),
    "aclose": lambda a, b: a.aclose(),
}


def poller_of(socket, flags=zmq.POLLIN):
    poller = zmqbind.anyio.Poller()
    poller.register(socket, flags)
    return poller


async def ten_messages(receiver):
    sender = blocking(receiver)
    sender.send_batch([b"0"] * 10)
    assert await receiver.poll()
    return sender


@pytest.mark.parametrize("name", CALLS)
def test_every_call_is_a_checkpoint(backend, name):
    async def main():
        with sockets(zmq.PULL, zmq.PUSH) as (b, a), await ten_messages(b):
            turns = []

            async def other():
                turns.append(1)

            if backend == "trio":
                with trio_testing.assert_checkpoints():
                    await CALLS[name](a, b)
                return
            async with anyio.create_task_group() as group:
                group.start_soon(other)
                await CALLS[name](a, b)
                assert turns

    run(backend, main)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "aclose"])
def test_a_cancelled_call_does_nothing(backend, name):
    async def main():
        with sockets(zmq.PULL, zmq.PUSH) as (b, a), await ten_messages(b):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await CALLS[name](a, b)
            assert scope.cancelled_caught
            assert await b.recv_batch(timeout=0) == [b"0"] * 10
            with pytest.raises(zmq.Again):
                await b.recv(zmq.DONTWAIT)

    run(backend, main)


@pytest.mark.parametrize("name", ["recv", "recv_multipart", "recv_batch", "poll", "Poller.poll", "send", "send_batch"])
def test_a_call_that_waits_is_cancelled(backend, name):
    async def main():
        with sockets(zmq.PUSH, zmq.PULL, sndhwm=1, rcvhwm=1) as (a, b):
            if name.startswith("send"):
                while await a.poll(0, zmq.POLLOUT):
                    await a.send(b"full")
            with anyio.move_on_after(0.005) as scope:
                await CALLS[name](a, b)
            assert scope.cancelled_caught

    run(backend, main)


def test_a_failing_call_for_now_is_a_checkpoint(backend):
    async def main():
        with sockets() as (_, b):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await b.recv(zmq.DONTWAIT)
            assert scope.cancelled_caught
            with pytest.raises(zmq.Again):
                await b.recv(zmq.DONTWAIT)

    run(backend, main)


# Cancellation


async def in_scope(chance, receive):
    """Receive under a timeout; return what came, a list."""
    with anyio.move_on_after(chance.choice([0, 0.00001, 0.0001, 0.001])):
        return [await receive()]
    return []


async def failing(chance, receive):
    """Receive under fail_after."""
    with contextlib.suppress(TimeoutError), anyio.fail_after(chance.choice([0, 0.00001, 0.0001, 0.001])):
        return [await receive()]
    return []


async def in_cancelled_group(chance, receive):
    """Receive in several tasks, of a group that is cancelled."""
    got = []

    async def task():
        got.append(await receive())

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(task)
        for _ in range(chance.randrange(6)):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    return got


async def in_failing_group(chance, receive):
    """The same; another task of the group fails."""
    got = []

    async def task():
        got.append(await receive())

    async def fail():
        for _ in range(chance.randrange(6)):
            await anyio.lowlevel.checkpoint()
        raise LookupError

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(task)
            group.start_soon(fail)
    except Exception as error:
        assert [type(cause) for cause in error.exceptions] == [LookupError]
    return got


WAYS = (in_scope, failing, in_cancelled_group, in_failing_group)
SHAPES = {
    "recv": lambda socket: socket.recv(),
    "recv_multipart": lambda socket: socket.recv_multipart(),
    "recv_batch": lambda socket: socket.recv_batch(max_messages=3),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tasks", [1, 3])
def test_nothing_is_lost(backend, way, shape, tasks):
    chance = random.Random(f"{way.__name__} {shape} {tasks}")
    count = 2000
    received = []

    async def main():
        with sockets(zmq.PULL, zmq.PUSH) as (b, _), blocking(b) as sender:
            sent = 0

            async def consume():
                while len(received) < count:
                    for got in await way(chance, lambda: SHAPES[shape](b)):
                        received.extend(got if isinstance(got, list) else [got])

            async def produce():
                nonlocal sent
                while sent < count:
                    if sent - len(received) < 5:
                        for _ in range(min(chance.randint(1, 5), count - sent)):
                            sender.send(b"%d" % sent)
                            sent += 1
                    for _ in range(chance.randrange(4)):
                        await anyio.lowlevel.checkpoint()
                    await anyio.lowlevel.checkpoint()

            async with anyio.create_task_group() as group:
                group.start_soon(produce)
                for _ in range(tasks):
                    group.start_soon(consume)

    run(backend, main)
    assert sorted(map(int, received)) == list(range(count))


def test_native_cancellation_on_asyncio_loses_nothing(backend):
    """By Task.cancel(), which knows nothing of anyio's scopes."""
    if backend != "asyncio":
        pytest.skip("of asyncio")
    chance = random.Random(5)
    count = 2000
    received = []

    async def receive(socket):
        received.append(await socket.recv())

    async def main():
        with sockets(zmq.PULL, zmq.PUSH) as (b, _), blocking(b) as sender:
            for number in range(count):
                task = asyncio.ensure_future(receive(b))
                await turns(chance.randrange(4))
                sender.send(b"%d" % number)
                await turns(chance.randrange(4))
                task.cancel()
                await asyncio.wait([task])
            while b"last" not in received:
                if len(received) == count:
                    sender.send(b"last")
                await receive(b)

    async def turns(number):
        for _ in range(number):
            await asyncio.sleep(0)

    run(backend, main)
    assert received == [b"%d" % number for number in range(count)] + [b"last"]


@pytest.mark.parametrize("seconds", [-1, 0])
@pytest.mark.parametrize("name", [name for name in CALLS if name != "aclose"])
def test_a_deadline_that_has_passed(backend, name, seconds):
    """Nothing is done any more, also where the loop has yet to notice that."""

    async def main():
        with sockets(zmq.PULL, zmq.PUSH) as (b, a), await ten_messages(b):
            with anyio.move_on_after(seconds) as scope:
                await CALLS[name](a, b)
            assert scope.cancelled_caught
            assert await b.recv_batch(timeout=0) == [b"0"] * 10

    run(backend, main)


def test_scopes_within_scopes(backend):
    async def main():
        with sockets() as (a, b):
            with anyio.CancelScope() as outer:
                with anyio.move_on_after(0.001) as inner:
                    await b.recv()
                assert inner.cancelled_caught
                outer.cancel()
                with anyio.CancelScope(shield=True):
                    await a.send(b"shielded")
                    assert await b.recv() == b"shielded"
                await a.send(b"too late")
            assert outer.cancelled_caught
            assert not await b.poll(0)

    run(backend, main)


# Several tasks at one socket


async def wait_in_line(group, function, *arguments):
    group.start_soon(function, *arguments)
    await anyio.wait_all_tasks_blocked()


def test_waiting_tasks_are_served_in_order(backend):
    async def main():
        with sockets() as (a, b):
            got = []

            async def receive(number):
                got.append((number, await b.recv()))

            async with anyio.create_task_group() as group:
                for number in range(10):
                    await wait_in_line(group, receive, number)
                await a.send_batch([b"%d" % number for number in range(10)])
            assert got == [(number, b"%d" % number) for number in range(10)]

    run(backend, main)


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_who_leaves_passes_on_the_lead(backend, gone):
    async def main():
        with sockets() as (a, b):
            got = []
            scopes = [anyio.CancelScope() for _ in range(3)]

            async def receive(number):
                with scopes[number]:
                    got.append((number, await b.recv()))

            async with anyio.create_task_group() as group:
                for number in range(3):
                    await wait_in_line(group, receive, number)
                scopes[gone].cancel()
                await anyio.wait_all_tasks_blocked()
                await a.send(b"first")
                await anyio.wait_all_tasks_blocked()
                await a.send(b"second")
            left = [number for number in range(3) if number != gone]
            assert got == [(left[0], b"first"), (left[1], b"second")]

    run(backend, main)


def test_cancelled_just_after_it_was_woken(backend):
    """The message is left for the next in line, who is woken in its stead."""

    async def main():
        with sockets() as (a, b):
            got = []
            scope = anyio.CancelScope()

            async def receive(number):
                with scope if number == 0 else contextlib.nullcontext():
                    got.append((number, await b.recv()))

            async with anyio.create_task_group() as group:
                await wait_in_line(group, receive, 0)
                await wait_in_line(group, receive, 1)
                zmq.Socket.shadow(a).send(b"x")
                assert zmq.Socket.shadow(b).get(zmq.EVENTS) & zmq.POLLIN
                scope.cancel()
            assert got == [(1, b"x")]

    run(backend, main)


@pytest.mark.parametrize("look", ["poll", "Poller", "EVENTS", "send"])
def test_others_who_look_at_the_socket(backend, look):
    """They take the descriptor's word for themselves."""

    async def main():
        with sockets(zmq.DEALER, zmq.DEALER) as (a, b):
            got = []

            async def receive():
                got.append(await b.recv())

            other = zmq.Socket.shadow(a)
            async with anyio.create_task_group() as group:
                await wait_in_line(group, receive)
                other.send(b"x")
                if look == "poll":
                    assert await b.poll(0)
                elif look == "Poller":
                    poller = zmq.Poller()
                    poller.register(b, zmq.POLLIN)
                    assert poller.poll(0) == [(b, zmq.POLLIN)]
                elif look == "EVENTS":
                    assert b.get(zmq.EVENTS) & zmq.POLLIN
                else:
                    await b.send(b"y")
            assert got == [b"x"]

    run(backend, main)


def test_senders_and_receivers_wait_for_one_socket(backend):
    async def main():
        with sockets(zmq.DEALER, zmq.DEALER, sndhwm=1, rcvhwm=1) as (a, b):
            got = []

            async def receive():
                got.append(await a.recv())

            async def send():
                await a.send_batch([b"%d" % number for number in range(50)])

            async with anyio.create_task_group() as group:
                await wait_in_line(group, receive)
                await wait_in_line(group, send)
                assert [await b.recv() for _ in range(50)] == [b"%d" % number for number in range(50)]
                await b.send(b"done")
            assert got == [b"done"]

    run(backend, main)


def test_long_batches_let_others_have_a_turn(backend):
    async def main():
        with sockets(sndhwm=0, rcvhwm=0) as (a, b):
            turns = 0

            async def count():
                nonlocal turns
                while True:
                    await anyio.lowlevel.checkpoint()
                    turns += 1

            async with anyio.create_task_group() as group:
                group.start_soon(count)
                assert await a.send_batch([b"x"] * 10_000, zmq.DONTWAIT) == 10_000
                group.cancel_scope.cancel()
            assert turns >= 9
            assert sum([len(await b.recv_batch(4000)) for _ in range(3)]) == 10_000

    run(backend, main)


# The end


@pytest.mark.parametrize("waiters", [1, 3])
def test_closing_under_tasks_that_wait(backend, waiters):
    async def main():
        with sockets() as (_, b):
            errors = []

            async def receive():
                try:
                    await b.recv()
                except anyio.ClosedResourceError as error:
                    errors.append(error)

            async with anyio.create_task_group() as group:
                for _ in range(waiters):
                    await wait_in_line(group, receive)
                await b.aclose()
            assert [type(error) for error in errors] == [zmqbind.anyio.SocketClosed] * waiters
            assert all(isinstance(error, zmq.ZMQError) and error.errno == zmq.Errno.ENOTSOCK for error in errors)

    run(backend, main)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("aclose",) and "Poller" not in name])
def test_a_closed_socket(backend, name):
    async def main():
        with sockets() as (a, b):
            a.close()
            b.close()
            with pytest.raises(zmqbind.anyio.SocketClosed):
                await CALLS[name](a, b)

    run(backend, main)


def test_closing_in_the_turn_that_a_call_gives_others(backend):
    async def main():
        for call in (lambda a, b: b.recv(), lambda a, b: a.send(b"x")):
            with sockets() as (a, b):
                await a.send(b"x")
                assert await b.poll()
                coroutine = call(a, b)

                async def refused(coroutine=coroutine):
                    with pytest.raises(zmqbind.anyio.SocketClosed):
                        await coroutine

                async def close(pair=(a, b)):
                    # Trio begins the two in either order, and both before the call goes on.
                    for socket in pair:
                        socket.close()

                async with anyio.create_task_group() as group:
                    group.start_soon(refused)
                    group.start_soon(close)

    run(backend, main)


def test_calls_from_a_worker_thread(backend):
    def work(a, b):
        anyio.from_thread.run(a.send, b"x")
        return anyio.from_thread.run(b.recv)

    async def main():
        with sockets() as (a, b):
            assert await anyio.to_thread.run_sync(work, a, b) == b"x"

    run(backend, main)


def test_a_loop_in_another_thread_is_refused_what_is_waited_for(backend):
    async def main():
        with sockets() as (a, b):
            got = []

            async def receive():
                got.append(await b.recv())

            async with anyio.create_task_group() as group:
                await wait_in_line(group, receive)
                with pytest.raises(RuntimeError, match="another event loop"):
                    await anyio.to_thread.run_sync(run, backend, b.recv)
                await a.send(b"x")
            assert got == [b"x"]

    run(backend, main)


def test_async_with(backend):
    async def main():
        async with zmqbind.anyio.Context() as context, context.socket(zmq.PULL) as socket:
            with pytest.raises(LookupError):
                async with context.socket(zmq.PUSH) as other:
                    raise LookupError
            assert other.closed and not socket.closed
        assert socket.closed and context.closed

    run(backend, main)


def test_one_socket_in_several_loops(backend):
    """On one backend and the other, also after a loop ended under a task that waited."""
    other = BACKENDS[BACKENDS.index(backend) - 1]
    with sockets() as (a, b):

        async def exchange():
            await a.send(b"x")
            assert await b.recv() == b"x"
            with anyio.move_on_after(0.001):
                await b.recv()

        async def leave():
            async with anyio.create_task_group() as group:
                await wait_in_line(group, b.recv)
                await wait_in_line(group, b.recv)
                group.cancel_scope.cancel()

        for name in (backend, other, backend, backend):
            run(name, exchange)
            run(name, leave)


def test_a_new_socket_after_a_loop_of_asyncio(backend):
    """Asyncio leaves a mark in the thread, which is not to be taken for that of a loop the socket knows."""
    asyncio.run(asyncio.sleep(0))
    with sockets() as (a, b):

        async def exchange():
            await a.send(b"x")
            assert await b.recv() == b"x"

        run(backend, exchange)


def test_a_loop_dropped_under_a_task(backend):
    """asyncio's loop is closed, and the task never ends."""
    if backend != "asyncio":
        pytest.skip("trio's tasks always end")
    with sockets() as (a, b):
        loop = asyncio.new_event_loop()
        task = loop.create_task(b.recv())
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        task._log_destroy_pending = False

        async def exchange():
            await a.send(b"x")
            assert await b.recv() == b"x"

        run("trio", exchange)
        del task


def test_outside_of_loops(backend):
    with sockets() as (_, b):
        coroutine = b.recv()
        with pytest.raises(RuntimeError, match="neither asyncio nor trio"):
            coroutine.send(None)


def test_a_loop_that_cannot_watch_descriptors(backend):
    """As Windows' Proactor loop, for which anyio has a thread."""
    if backend != "asyncio":
        pytest.skip("of asyncio")

    class Loop(asyncio.SelectorEventLoop):
        def add_reader(self, *args):
            raise NotImplementedError

        def remove_reader(self, *args):
            raise NotImplementedError

    async def main():
        with sockets() as (a, b):
            received = []

            async def receive():
                received.extend([await b.recv(), await b.recv()])

            task = asyncio.ensure_future(receive())
            for data in (b"0", b"1"):
                await asyncio.sleep(0.001)
                zmq.Socket.shadow(a).send(data)
            await asyncio.wait_for(task, PATIENCE)
            assert received == [b"0", b"1"]

    loop = Loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


# Poller


def test_poller(backend):
    async def main():
        left, right = stdlib_socket.socketpair()
        with left, right, sockets() as (a, b):
            poller = zmqbind.anyio.Poller()
            poller.register(b, zmq.POLLIN)
            poller.register(left, zmq.POLLIN)
            assert await poller.poll(1) == []
            async with anyio.create_task_group() as group:
                group.start_soon(a.send, b"x")
                assert await poller.poll() == [(b, zmq.POLLIN)]
            assert await b.recv() == b"x"
            async with anyio.create_task_group() as group:

                async def write():
                    await anyio.wait_all_tasks_blocked()
                    right.send(b"y")

                group.start_soon(write)
                assert await poller.poll() == [(left.fileno(), zmq.POLLIN)]
            b.close()
            with pytest.raises(zmq.ZMQError):
                await poller.poll()

    run(backend, main)
