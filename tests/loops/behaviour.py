"""What sockets do on every loop: functions that take a Stage, run by test_behaviour.py."""

from __future__ import annotations

import importlib.util
import sys
import threading

import pytest

import zmqbind as zmq

BEHAVIOURS = []  # the functions, each with `needs`, the names of the features that an adapter may lack
LIBRARIES = tuple(name for name in ("zmqbind", "zmq") if importlib.util.find_spec(name))  # not always PyZMQ


def behaviour(*needs):
    """Register a behaviour, and which features it needs."""

    def register(function):
        function.needs = frozenset(needs)
        BEHAVIOURS.append(function)
        return function

    return register


async def receive_all(socket, count):
    return [await socket.recv() for _ in range(count)]


async def fill(stage, socket, parts=1):
    """Send numbered messages until no more fit; return them as lists of parts."""
    sent = []
    while await socket.poll(0, zmq.POLLOUT):
        message = [b"%d" % len(sent)] * parts
        await socket.send_multipart(message)
        sent.append(message)
    return sent


# Patterns, and peers in other processes


@behaviour()
async def request_reply(stage):
    server, client = stage.pair(zmq.REP, zmq.REQ, "tcp://127.0.0.1:*")

    async def serve():
        for _ in range(20):
            await server.send(await server.recv() + b"!")

    task = stage.adapter.spawn(serve())
    for number in range(20):
        await client.send(b"%d" % number)
        assert await client.recv() == b"%d!" % number
    await task.wait()


@behaviour()
async def request_reply_with_blocking_servers(stage):
    for library in LIBRARIES:
        client = stage.socket(zmq.REQ)
        client.bind("tcp://127.0.0.1:*")
        peer = stage.peer(library, "echo", client, 50)
        for number in range(50):
            await client.send_multipart([b"%d" % number, b"x" * number])
            assert await client.recv_multipart() == [b"%d" % number, b"x" * number]
        stage.finished(peer)


@behaviour()
async def request_reply_with_blocking_clients(stage):
    server = stage.socket(zmq.ROUTER)
    server.bind(stage.ipc())
    peers = [stage.peer(library, "ask", server, 50) for library in LIBRARIES]
    for _ in range(50 * len(peers)):
        await server.send_multipart(await server.recv_multipart())
    for peer in peers:
        stage.finished(peer)


@behaviour()
async def fan_out(stage):
    publisher = stage.socket(zmq.XPUB, xpub_verboser=True)
    publisher.bind("tcp://127.0.0.1:*")
    peers = [stage.peer(library, "subscribe", publisher, 50) for library in LIBRARIES]
    other, mine = stage.socket(zmq.SUB), stage.socket(zmq.SUB)
    for socket, topic in ((other, b"b"), (mine, b"a")):
        socket.subscribe(topic)
        socket.connect(publisher.last_endpoint.decode())
    expected = [b"\1a"] * len(peers) + [b"\1a", b"\1b"]
    assert sorted([await publisher.recv() for _ in expected]) == expected
    for number in range(50):
        await publisher.send_multipart([b"a", b"%d" % number])
    await publisher.send_multipart([b"b", b"end"])
    for number in range(50):
        assert await mine.recv_multipart() == [b"a", b"%d" % number]
    assert await other.recv_multipart() == [b"b", b"end"]
    for peer in peers:
        stage.finished(peer)


@behaviour()
async def pipeline_from_blocking_peers(stage):
    for library in LIBRARIES:
        socket = stage.socket(zmq.PULL)
        socket.bind("tcp://127.0.0.1:*")
        peer = stage.peer(library, "source", socket, 2000)
        for number in range(2000):
            assert await socket.recv_multipart() == [b"%d" % number, b"x" * (number % 50)]
        stage.finished(peer)


@behaviour()
async def pipeline_to_blocking_peers(stage):
    for library in LIBRARIES:
        socket = stage.socket(zmq.PUSH)
        socket.bind(stage.ipc())
        peer = stage.peer(library, "drain", socket, 2000)
        for number in range(2000):
            await socket.send_multipart([b"%d" % number, b"x" * (number % 50)])
        stage.finished(peer)


# Messages


@behaviour()
async def multipart(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    await sender.send_multipart([b"a", bytearray(b"b"), b""])
    assert await receiver.recv_multipart() == [b"a", b"b", b""]
    await sender.send_multipart([b"a", zmq.Frame(b"b")])
    frames = await receiver.recv_multipart(copy=False)
    assert [bytes(frame) for frame in frames] == [b"a", b"b"]


@behaviour("parts")
async def parts_one_by_one(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    await sender.send(b"a", zmq.SNDMORE)
    await sender.send(b"b")
    assert await receiver.recv() == b"a"
    assert receiver.get(zmq.RCVMORE)
    assert await receiver.recv() == b"b"
    assert not receiver.get(zmq.RCVMORE)


@behaviour()
async def frames(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    await sender.send(zmq.Frame(b"x" * 100_000), copy=False)
    frame = await receiver.recv(copy=False)
    assert isinstance(frame, zmq.Frame) and frame.bytes == b"x" * 100_000


@behaviour("helpers")
async def helpers(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    for wait in (False, True):

        async def passed(send, receive, value, *arguments, wait=wait):
            """What receive() gets of what send() sent; it is waiting already, or comes later."""
            task = (await stage.spawned(in_a_task(receive, *arguments))) if wait else None
            await send(value)
            return await task.wait() if wait else await receive(*arguments)

        assert await passed(sender.send_string, receiver.recv_string, "ä") == "ä"
        assert await passed(sender.send_json, receiver.recv_json, {"a": [1, None]}) == {"a": [1, None]}
        assert await passed(sender.send_pyobj, receiver.recv_pyobj, {"a": (1, b"x")}) == {"a": (1, b"x")}
        await sender.send_serialized([1, 2], lambda numbers: [b"%d" % number for number in numbers])
        assert await receiver.recv_serialized(lambda parts: [int(part) for part in parts]) == [1, 2]


async def in_a_task(function, *arguments, **keywords):
    return await function(*arguments, **keywords)


@behaviour("helpers")
async def errors_of_helpers_come_to_who_awaits(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    await sender.send(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        await receiver.recv_string()
    task = await stage.spawned(in_a_task(receiver.recv_json))
    await sender.send(b"{")
    with pytest.raises(ValueError):
        await task.wait()
    with pytest.raises(TypeError):
        await sender.send("text")


@behaviour("recv_into")
async def into_a_buffer(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    buffer = bytearray(4)
    await sender.send(b"ab")
    assert await receiver.recv_into(buffer) == 2 and buffer == b"ab\0\0"
    task = await stage.spawned(in_a_task(receiver.recv_into, buffer, nbytes=3))
    await sender.send(b"uvwxyz")
    assert await task.wait() == 6 and buffer == b"uvw\0"


@behaviour("batch")
async def batches(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    messages = [b"%d" % number for number in range(300)]

    async def receive():
        received = []
        while len(received) < len(messages):
            received += await receiver.recv_batch(max_messages=len(messages) - len(received))
        return received

    for wait in (False, True):
        task = await stage.spawned(receive()) if wait else None
        assert await sender.send_batch(messages) == len(messages)
        assert (await task.wait() if wait else await receive()) == messages
    assert await sender.send_batch_multipart([[b"a", b"b"], [b"c"]]) == 2
    assert await receiver.recv_batch_multipart() == [[b"a", b"b"], [b"c"]]


@behaviour("batch")
async def batches_of_sockets_that_take_turns(stage):
    server, client = stage.pair(zmq.REP, zmq.REQ)
    for receive in (server.recv_batch, server.recv_batch_multipart):
        await client.send(b"question")
        assert await receive() in ([b"question"], [[b"question"]])
        await server.send(b"answer")
        assert await client.recv() == b"answer"


@behaviour("batch")
async def a_batch_larger_than_the_high_water_mark(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, sndhwm=2, rcvhwm=2)
    task = await stage.spawned(in_a_task(sender.send_batch, [b"%d" % number for number in range(500)]))
    assert await receive_all(receiver, 500) == [b"%d" % number for number in range(500)]
    assert await task.wait() == 500


# Time limits


@behaviour()
async def dont_wait(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, sndhwm=1, rcvhwm=1)
    with pytest.raises(zmq.Again):
        await receiver.recv(zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        await receiver.recv_multipart(zmq.DONTWAIT)
    sent = await fill(stage, sender)
    with pytest.raises(zmq.Again):
        await sender.send(b"", zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        await sender.send_multipart([b"", b""], zmq.DONTWAIT)
    for message in sent:
        assert await receiver.recv_multipart(zmq.DONTWAIT) == message


@behaviour()
async def time_limits_of_the_options(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, sndhwm=1, rcvhwm=1, rcvtimeo=5, sndtimeo=5)
    for receive in (receiver.recv, receiver.recv_multipart):
        with pytest.raises(zmq.Again):
            await receive()
    sent = await fill(stage, sender)
    for send in (sender.send, sender.send_string):
        with pytest.raises(zmq.Again):
            await send(b"" if send == sender.send else "")
    with pytest.raises(zmq.Again):
        await sender.send_multipart([b"", b""])
    receiver.rcvtimeo = sender.sndtimeo = -1
    for message in sent:
        assert await receiver.recv_multipart() == message
    await sender.send(b"last")  # nothing of what timed out is left anywhere
    assert await receiver.recv() == b"last"


@behaviour("poll")
async def polling(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    assert await receiver.poll(0) == 0
    assert await receiver.poll(5) == 0
    assert await sender.poll(5, zmq.POLLIN | zmq.POLLOUT) == zmq.POLLOUT
    tasks = [await stage.spawned(in_a_task(receiver.poll, timeout)) for timeout in (None, 30_000)]
    assert await receiver.poll(0) == 0
    await sender.send(b"x")
    for task in tasks:
        assert await task.wait() == zmq.POLLIN
    assert await receiver.poll(0) == zmq.POLLIN
    assert await receiver.recv() == b"x"


@behaviour("poll")
async def polling_at_once_while_somebody_waits(stage):
    first, second = stage.pair(zmq.PAIR, zmq.PAIR)
    task = await stage.spawned(in_a_task(first.poll, None, zmq.POLLIN))
    assert await first.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    await second.send(b"x")
    assert await task.wait() == zmq.POLLIN


# Cancellation


@behaviour()
async def time_limit_around_a_receiver(stage):
    sender, receiver = stage.fed()
    for receive in (receiver.recv, receiver.recv_multipart):
        with pytest.raises(TimeoutError):
            async with stage.adapter.timeout(0.005):
                await receive()
    sender.send(b"x")
    async with stage.adapter.timeout(30):
        assert await receiver.recv() == b"x"


@behaviour()
async def cancelled_receiver(stage):
    sender, receiver = stage.fed()
    first = await stage.spawned(in_a_task(receiver.recv))
    second = await stage.spawned(in_a_task(receiver.recv))
    first.cancel()
    with pytest.raises(stage.adapter.Cancelled):
        await first.wait()
    for number in range(3):
        sender.send(b"%d" % number)
    assert await second.wait() == b"0"
    assert await receive_all(receiver, 2) == [b"1", b"2"]


@behaviour()
async def receiver_cancelled_as_the_message_arrives(stage):
    """At any number of turns of the loop after it, the message is the task's or the next receiver's."""
    sender, receiver = stage.fed()
    for turns in range(6):
        for receive in (receiver.recv, receiver.recv_multipart):
            task = await stage.spawned(in_a_task(receive))
            for message in (b"1", b"2", b"3"):
                sender.send(message)
            await stage.settle(turns)
            task.cancel()
            try:
                received = await task.wait()
                received = received if isinstance(received, list) else [received]
            except stage.adapter.Cancelled:
                received = []
            received += await receive_all(receiver, 3 - len(received))
            assert received == [b"1", b"2", b"3"]


@behaviour()
async def cancelled_sender(stage):
    """Its message is sent whole or not at all."""
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, sndhwm=2, rcvhwm=2)
    for turns in range(6):
        sent = await fill(stage, sender, parts=3)
        task = await stage.spawned(in_a_task(sender.send_multipart, [b"c"] * 3))
        received = [await receiver.recv_multipart()]
        await stage.settle(turns)
        task.cancel()
        try:
            await task.wait()
            must_come = True
        except stage.adapter.Cancelled:
            must_come = False
        end = stage.adapter.spawn(in_a_task(sender.send_multipart, [b"end"]))
        while received[-1] != [b"end"]:
            received.append(await receiver.recv_multipart())
        await end.wait()
        assert received in ([*sent, [b"c"] * 3, [b"end"]], [*sent, [b"end"]])
        assert not must_come or [b"c"] * 3 in received


# Waiting


@behaviour()
async def back_pressure(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, sndhwm=3, rcvhwm=3)
    sent = []

    async def send():
        for number in range(200):
            await sender.send(b"%d" % number)
            sent.append(number)

    task = stage.adapter.spawn(send())
    while await sender.poll(0, zmq.POLLOUT):
        await stage.settle()
    assert len(sent) < 200
    assert await receive_all(receiver, 200) == [b"%d" % number for number in range(200)]
    await task.wait()


@behaviour()
async def back_pressure_between_processes(stage):
    """Through TCP, where room is made by the peer and announced by its thread."""
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, "tcp://127.0.0.1:*", sndhwm=1, rcvhwm=1)
    messages = [b"%d" % number + b"x" * 30_000 for number in range(300)]

    async def send():
        for message in messages:
            await sender.send(message)

    task = stage.adapter.spawn(send())
    assert await receive_all(receiver, 300) == messages
    await task.wait()


@behaviour()
async def sending_and_receiving_on_one_socket(stage):
    first, second = stage.pair(zmq.DEALER, zmq.DEALER, "tcp://127.0.0.1:*", sndhwm=2, rcvhwm=2)

    async def send(socket):
        for number in range(200):
            await socket.send(b"%d" % number)

    senders = [stage.adapter.spawn(send(socket)) for socket in (first, second)]
    receivers = [stage.adapter.spawn(receive_all(socket, 200)) for socket in (first, second)]
    for task in receivers:
        assert await task.wait() == [b"%d" % number for number in range(200)]
    for task in senders:
        await task.wait()


@behaviour("order")
async def order_among_waiting_receivers(stage):
    sender, receiver = stage.fed()
    tasks = [await stage.spawned(in_a_task(receiver.recv)) for _ in range(5)]
    for number in range(5):
        sender.send(b"%d" % number)
    assert [await task.wait() for task in tasks] == [b"%d" % number for number in range(5)]


@behaviour("order")
async def order_among_waiting_senders(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL, sndhwm=1, rcvhwm=1)
    sent = [message for (message,) in await fill(stage, sender)]
    tasks = [await stage.spawned(in_a_task(sender.send, b"w%d" % number)) for number in range(5)]
    assert await receive_all(receiver, len(sent) + 5) == [*sent, *(b"w%d" % number for number in range(5))]
    for task in tasks:
        await task.wait()


@behaviour()
async def many_receivers_on_one_socket(stage):
    sender, receiver = stage.fed()
    tasks = [stage.adapter.spawn(receive_all(receiver, 10)) for _ in range(20)]
    for number in range(200):
        sender.send(b"%d" % number)
    received = [message for task in tasks for message in await task.wait()]
    assert sorted(map(int, received)) == list(range(200))


@behaviour("close")
async def closing_with_waiters(stage):
    receiver, sender = stage.socket(zmq.PULL), stage.socket(zmq.PUSH)
    receiver.bind(stage.inproc())  # without peers, so that a sender waits too
    sender.bind(stage.inproc())
    waiters = [in_a_task(receiver.recv), in_a_task(receiver.poll), in_a_task(sender.send, b"x")]
    tasks = [await stage.spawned(waiter) for waiter in waiters]
    receiver.close()
    sender.close()
    for task in tasks:
        with pytest.raises((stage.adapter.Cancelled, zmq.ZMQError, *getattr(stage.adapter, "closed_errors", ()))):
            await task.wait()


@behaviour("term")
async def terminating_the_context_with_waiters(stage):
    receivers = [stage.socket(zmq.PULL) for _ in range(3)]
    tasks = [await stage.spawned(in_a_task(receiver.recv)) for receiver in receivers]
    thread = threading.Thread(target=zmq.Context.term, args=(stage.context,), daemon=True)
    thread.start()
    for task in tasks:
        with pytest.raises(zmq.ContextTerminated):
            await task.wait()
    for receiver in receivers:
        receiver.close()
    thread.join()


@behaviour()
async def five_hundred_sockets(stage):
    pairs = [stage.pair(zmq.PUSH, zmq.PULL) for _ in range(250)]
    tasks = [stage.adapter.spawn(receive_all(receiver, 2)) for _, receiver in pairs]
    await stage.settle()
    for text in (b"a%d", b"b%d"):
        for number, (sender, _) in reversed(list(enumerate(pairs))):
            await sender.send(text % number)
    for number, task in enumerate(tasks):
        assert await task.wait() == [b"a%d" % number, b"b%d" % number]
    for sender, receiver in pairs:
        sender.close()
        receiver.close()


@behaviour("iteration")
async def iteration(stage):
    sender, receiver = stage.fed()

    async def iterate():
        received = []
        async for message in receiver:
            received.append(message)
            if message == b"4":
                return received

    task = await stage.spawned(iterate())
    for number in range(5):
        sender.send(b"%d" % number)
    assert await task.wait() == [b"%d" % number for number in range(5)]


@behaviour()
async def a_task_that_always_finds_messages_does_not_starve_others(stage):
    sender, receiver = stage.pair(zmq.PUSH, zmq.PULL)
    stop = []

    async def pump():
        while not stop:
            await sender.send(b"x")
            await receiver.recv()

    task = stage.adapter.spawn(pump())
    await stage.settle(50)
    stop.append(True)
    await task.wait()


@behaviour()
async def no_error_is_left_unhandled(stage):
    """What is interrupted is tidy: nothing is raised into the void when its sockets go."""
    sender, receiver = stage.fed()
    unraisable = []
    before, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        task = await stage.spawned(in_a_task(receiver.recv))
        task.cancel()
        with pytest.raises(stage.adapter.Cancelled):
            await task.wait()
        del task
        receiver.close()
        sender.close()
        await stage.settle()
    finally:
        sys.unraisablehook = before
    assert not unraisable
