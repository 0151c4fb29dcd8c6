"""What is special to asyncio; what sockets do on every loop is tested in tests/loops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket as network
import sys
import threading
import warnings
import weakref

import pytest

import zmqbind as zmq
import zmqbind.asyncio

IMMEDIATE = 100  # as in src/loop.pyx
PATIENCE = 40  # seconds; nothing here takes as long


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


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


# Futures


def test_what_can_be_done_at_once_is_a_done_future(run, stream):
    sender, receiver = stream

    async def main():
        for send, receive in [
            (lambda: sender.send(b"x"), receiver.recv),
            (lambda: sender.send(b"x", copy=False), lambda: receiver.recv(copy=False)),
            (lambda: sender.send_multipart([b"x", b"y"]), receiver.recv_multipart),
            (lambda: sender.send_string("x"), receiver.recv_string),
            (lambda: sender.send_json(1), receiver.recv_json),
            (lambda: sender.send_pyobj(1), receiver.recv_pyobj),
            (lambda: sender.send_batch([b"x"]), receiver.recv_batch),
            (lambda: sender.send(b"x"), lambda: receiver.recv_into(bytearray(1))),
        ]:
            waiting = receive()
            assert isinstance(waiting, asyncio.Future) and not waiting.done()
            assert waiting.get_loop() is asyncio.get_running_loop()
            sent = send()
            assert isinstance(sent, asyncio.Future) and sent.done()
            await waiting
            await send()
            await turns()
            received = receive()
            assert isinstance(received, asyncio.Future) and received.done()
        poll = sender.poll(0, zmq.POLLOUT)
        assert isinstance(poll, asyncio.Future) and poll.done() and poll.result() == zmq.POLLOUT

    run(main())


def test_futures_work_with_gather_wait_shield_and_callbacks(run, stream):
    sender, receiver = stream

    async def main():
        first, second = receiver.recv(), receiver.recv()
        called = []
        second.add_done_callback(called.append)
        assert await asyncio.gather(sender.send(b"1"), sender.send(b"2")) == [None, None]
        done, pending = await asyncio.wait([first, second])
        assert not pending and {future.result() for future in done} == {b"1", b"2"}
        assert called == [second]
        await sender.send(b"3")
        assert await asyncio.shield(receiver.recv()) == b"3"
        waiting = receiver.recv()
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(asyncio.shield(waiting), 0)
        await sender.send(b"4")
        assert await waiting == b"4"

    run(main())


def test_a_future_that_somebody_else_has_set_takes_no_message(run, stream):
    sender, receiver = stream

    async def main():
        first, second = receiver.recv(), receiver.recv()
        first.set_result("mine")
        await sender.send(b"1")
        assert await second == b"1"

    run(main())


def test_a_future_that_two_tasks_await_gives_its_message_once(run, stream):
    """One of them is cancelled when the message is there already: the other gets it, and nobody else."""
    sender, receiver = stream
    waiting = []

    async def receive():
        return await waiting[0]

    async def main():
        waiting.append(receiver.recv())
        tasks = [asyncio.ensure_future(receive()) for _ in range(2)]
        await turns()
        waiting[0].add_done_callback(lambda future: None)
        await sender.send(b"1")
        # This task is woken by the same turn as theirs, and before them: it has waited longer.
        while not waiting[0].done():
            await asyncio.sleep(0)
        tasks[0].cancel()
        assert (await asyncio.gather(*tasks, return_exceptions=True))[1] == b"1"
        await sender.send(b"2")
        assert await receiver.recv() == b"2"

    run(main())


def test_a_coroutine_that_is_closed_leaves_the_future_to_another(run, stream):
    sender, receiver = stream

    async def receive(waiting):
        return await waiting

    async def main():
        waiting = receiver.recv()
        task = asyncio.ensure_future(receive(waiting))
        await turns()
        coroutine = receive(waiting)
        coroutine.send(None)
        coroutine.close()
        await sender.send(b"x")
        assert await task == b"x"

    run(main())


def test_results_of_sends_are_not_shared(stream, run):
    """A future may be made use of again only once nobody has it."""
    sender, _ = stream

    async def main():
        futures = [sender.send(b"x") for _ in range(10)]
        assert len({id(future) for future in futures}) == 10

    run(main())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s: s.send("text"), TypeError),
        (lambda s: s.send(object()), TypeError),
        (lambda s: s.send_multipart([b"x", "text"]), TypeError),
        (lambda s: s.send_multipart([]), IndexError),
        (lambda s: s.send_batch(3), TypeError),
        (lambda s: s.send_batch([b"x", "text"]), TypeError),
        (lambda s: s.recv_into(b"constant"), BufferError),
        (lambda s: s.recv_into(3), TypeError),
        (lambda s: s.recv_into(bytearray(2), nbytes=3), ValueError),
        (lambda s: s.recv_batch(0), ValueError),
        (lambda s: s.recv(zmq.DONTWAIT), zmq.Again),
    ],
)
def test_errors_come_through_the_future(run, connected_pair, call, error):
    first, _ = connected_pair(zmq.PAIR, zmq.PAIR)

    async def main():
        future = call(first)
        assert future.done()
        with pytest.raises(error):
            await future

    run(main())


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.recv(),
        lambda s: s.recv_multipart(),
        lambda s: s.recv_batch(),
        lambda s: s.recv_into(bytearray(1)),
        lambda s: s.send(b"x"),
        lambda s: s.send_multipart([b"x"]),
        lambda s: s.send_batch([b"x"]),
        lambda s: s.poll(0),
        lambda s: s.poll(),
    ],
)
def test_errors_of_a_closed_socket_come_through_the_future(run, context, raises_errno, call):
    socket = context.socket(zmq.PAIR)
    socket.close()

    async def main():
        future = call(socket)
        with raises_errno(zmq.ENOTSOCK):
            await future

    run(main())


def test_a_receive_that_a_socket_cannot_do(run, make_socket, raises_errno):
    async def main():
        with raises_errno(zmq.ENOTSUP):
            await make_socket(zmq.PUSH).recv()

    run(main())


# Other sockets for the same one of libzmq's


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


# Loops


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


@contextlib.contextmanager
def loop_in_a_thread(new_loop):
    """A loop, in debug mode, that runs in another thread."""
    loop = new_loop()
    loop.set_debug(True)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


async def wait_a_little(receiver):
    """The loop watches the receiver, but nothing waits for it."""
    assert await receiver.poll(1) == 0


@pytest.mark.parametrize("waiting", [True, False])
def test_another_thread_cannot_close_what_a_loop_watches(new_loop, stream, waiting):
    sender, receiver = stream

    async def begin():
        await wait_a_little(receiver)
        return receiver.recv() if waiting else None

    async def end(future):
        await sender.send(b"x")
        assert await (future or receiver.recv()) == b"x"
        receiver.close()

    with loop_in_a_thread(new_loop) as loop:
        future = asyncio.run_coroutine_threadsafe(begin(), loop).result(PATIENCE)
        with pytest.raises(zmq.ConcurrentUseError, match=r"close.*another thread"):
            receiver.close()
        with pytest.raises(RuntimeError, match="another event loop"):
            asyncio.run(begin())
        asyncio.run_coroutine_threadsafe(end(future), loop).result(PATIENCE)
    assert receiver.closed


def test_a_context_is_destroyed_while_a_loop_in_another_thread_waits(new_loop):
    context = zmq.asyncio.Context()
    receiver, idle = context.socket(zmq.PULL), context.socket(zmq.PULL)
    began = threading.Event()

    async def main():
        await wait_a_little(idle)
        future = receiver.recv()
        began.set()
        with pytest.raises(zmq.ContextTerminated):
            await future

    with loop_in_a_thread(new_loop) as loop:
        done = asyncio.run_coroutine_threadsafe(main(), loop)
        assert began.wait(PATIENCE)
        context.destroy(linger=0)
        done.result(PATIENCE)
    assert receiver.closed
    assert idle.closed


@pytest.mark.filterwarnings("ignore:unclosed socket")
def test_a_socket_dropped_in_another_thread_is_let_go_by_its_loop(new_loop, context):
    """As the garbage collector may do."""
    descriptors = []

    async def main():
        kept = [context.socket(zmq.PULL)]
        descriptors.append(kept[0].fd)
        await wait_a_little(kept[0])
        return kept

    async def look():
        """By now the loop has been told."""
        return asyncio.get_running_loop().remove_reader(descriptors[0])

    with loop_in_a_thread(new_loop) as loop:
        kept = asyncio.run_coroutine_threadsafe(main(), loop).result(PATIENCE)
        kept.clear()
        assert not asyncio.run_coroutine_threadsafe(look(), loop).result(PATIENCE)
    assert not context._sockets
    context.term()  # would wait for ever if the socket were still open


def test_a_shadow_works_in_another_thread(new_loop, stream):
    """What it does may concern the loop, which is told in time."""
    sender, receiver = stream
    shadow = zmq.Socket(shadow=receiver)

    async def begin():
        return receiver.recv()

    async def end(future):
        await sender.send(b"x")
        return await future

    with loop_in_a_thread(new_loop) as loop:
        future = asyncio.run_coroutine_threadsafe(begin(), loop).result(PATIENCE)
        for _ in range(10):
            assert not shadow.poll(0)
            with pytest.raises(zmq.Again):
                shadow.recv(zmq.DONTWAIT)
        assert asyncio.run_coroutine_threadsafe(end(future), loop).result(PATIENCE) == b"x"
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(PATIENCE)


# Closing


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


# What keeps a socket alive


@contextlib.contextmanager
def no_collector():
    """Only reference counts free anything; and nothing is warned of, since a warning would keep the socket."""
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            yield
    finally:
        gc.enable()


USES = {
    "nothing": lambda s: [],
    "done receive": lambda s: [s.recv(zmq.DONTWAIT)],
    "cancelled receive": lambda s: [s.recv()],
    "cancelled poll": lambda s: [s.poll()],
    "timed poll": lambda s: [s.poll(10_000)],
    "cancelled send": lambda s: [s.send(b"x"), s.send_multipart([b"x"]), s.send_batch([b"x"])],
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_dropped_socket_goes_at_once(run, context, use):
    async def main():
        socket = context.socket(zmq.PAIR)
        futures = use(socket)
        for future in futures:
            if not future.cancel():
                future.exception()
        futures = future = None
        await turns()
        gone = weakref.ref(socket)
        del socket
        assert gone() is None

    with no_collector():
        run(main())


def test_a_dropped_socket_that_was_served_goes_at_once(run, context):
    async def receive(receiver):
        return await receiver.recv(), await receiver.poll(), await receiver.recv_multipart()

    async def main():
        sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        sender.bind("inproc://served")
        receiver.connect("inproc://served")
        task = asyncio.ensure_future(receive(receiver))
        await turns()
        await sender.send(b"1")
        await turns()
        await sender.send(b"2")
        assert await task == (b"1", zmq.POLLIN, [b"2"])
        sender.close()
        del task
        await turns()
        gone = weakref.ref(receiver)
        del receiver
        assert gone() is None

    with no_collector():
        run(main())


@pytest.mark.parametrize("error", [zmq.Again, ZeroDivisionError])
def test_a_dropped_socket_whose_receiver_failed_goes_at_once(run, context, error):
    """The exception, whose traceback has the future's frame, does not keep the future and so the socket."""

    async def fail(receiver):
        with pytest.raises(error):
            await receiver.recv_serialized(lambda parts: 1 / 0)

    async def main():
        sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        sender.bind("inproc://failed")
        receiver.connect("inproc://failed")
        if error is zmq.Again:
            receiver.rcvtimeo = 1
        task = asyncio.ensure_future(fail(receiver))
        await turns()
        if error is not zmq.Again:
            await sender.send(b"x")
        await task
        sender.close()
        del task
        await turns()
        gone = weakref.ref(receiver)
        del receiver
        assert gone() is None

    with no_collector():
        run(main())


def test_a_dropped_socket_is_warned_of(run, context):
    async def main():
        socket = context.socket(zmq.PAIR)
        socket.recv().cancel()
        await turns()
        with pytest.warns(ResourceWarning, match="unclosed socket"):
            del socket

    run(main())


def test_a_waiting_task_keeps_its_socket(run, context):
    """Also if nobody but the loop knows the task."""
    received = []

    async def listen():
        with context.socket(zmq.PULL) as receiver:
            receiver.connect("inproc://kept")
            while len(received) < 2:
                received.append(await receiver.recv())

    async def main():
        with context.socket(zmq.PUSH) as sender:
            sender.bind("inproc://kept")
            asyncio.ensure_future(listen())  # noqa: RUF006
            for _ in range(2):
                await turns()
                gc.collect()
                await sender.send(b"x")
            while len(received) < 2:
                await asyncio.sleep(0.001)
            await turns()

    run(main())
    assert received == [b"x", b"x"]


def test_a_coroutine_that_is_closed_takes_no_message(run, stream):
    sender, receiver = stream

    async def receive():
        return await receiver.recv()

    async def main():
        coroutine = receive()
        coroutine.send(None)
        coroutine.close()
        await sender.send(b"x")
        assert await receiver.recv() == b"x"

    run(main())


# State


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


# Fairness and numbers


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


# Poller


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


# Processes


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
