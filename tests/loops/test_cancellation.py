"""Cancelled operations, at random: nothing is lost, doubled, torn, nor with one consumer at a time reordered."""

from __future__ import annotations

import random

import pytest
from loops.adapters.asyncio import Adapter as AsyncioAdapter
from loops.stage import PATIENCE, Stage, adapters, make_adapter
from loops.ways import CANCELLED, cancelled_as_it_arrives, ways_of

import zmqbind as zmq

COUNT = 1500  # messages of a test

ADAPTERS = [parameter for parameter in adapters() if parameter.values[0] is not None]
LOOPS_AND_WAYS = [
    pytest.param(parameter.values[0], way, id=f"{parameter.id}-{way.__name__}")
    for parameter in ADAPTERS
    for way in ways_of(parameter.values[0])
]
SEVERAL = pytest.mark.parametrize("tasks", [1, 3], ids=["alone", "three"])


class Shape:
    """How messages are sent and received: send(socket, number), and receive(socket, chance) for a list of what came."""

    needs = None

    def parts(self, number):
        return [b"%d" % number]

    def send(self, socket, number):
        socket.send_multipart(self.parts(number))

    def pieces(self, number):
        """What a receiver makes of a message."""
        return [self.parts(number)[0]]


class Single(Shape):
    async def receive(self, socket, chance):
        return [await socket.recv()]


class Frames(Shape):
    async def receive(self, socket, chance):
        return [(await socket.recv(copy=False)).bytes]


class Into(Shape):
    needs = "recv_into"

    async def receive(self, socket, chance):
        buffer = bytearray(20)
        return [bytes(buffer[: await socket.recv_into(buffer)])]


class Batch(Shape):
    needs = "batch"

    async def receive(self, socket, chance):
        return await socket.recv_batch(max_messages=chance.randint(1, 4))


class Multipart(Shape):
    def parts(self, number):
        return [b"%d" % number, b"x" * (number % 60), b"%d" % -number]

    def pieces(self, number):
        return [tuple(self.parts(number))]

    async def receive(self, socket, chance):
        return [tuple(await socket.recv_multipart())]


class BatchMultipart(Multipart):
    needs = "batch"

    async def receive(self, socket, chance):
        return [tuple(parts) for parts in await socket.recv_batch_multipart(max_messages=chance.randint(1, 4))]


class PartByPart(Multipart):
    needs = "parts"

    def pieces(self, number):
        return self.parts(number)

    async def receive(self, socket, chance):
        return [await socket.recv()]


SHAPES = (Single, Frames, Into, Batch, Multipart, BatchMultipart, PartByPart)


class Feed:
    """Sends numbered messages from a blocking socket, a few at each call, or none while some wait."""

    def __init__(self, socket, shape, chance, received):
        self.socket, self.shape, self.chance, self.received = socket, shape, chance, received
        self.sent = self.refused = 0

    def __call__(self):
        waiting = self.sent - len(self.received) // len(self.shape.pieces(0))
        if waiting > self.chance.choice([0, 0, 5]) and self.refused < 50:  # more often only if some are lost
            self.refused += 1
            return
        self.refused = 0
        for _ in range(min(self.chance.randint(1, 3), COUNT - self.sent)):
            self.shape.send(self.socket, self.sent)
            self.sent += 1


def stage_of(adapter_class, tmp_path, *needs):
    adapter = make_adapter(adapter_class)
    lacking = (set(needs) - {None}) & adapter.lacks
    if lacking:
        pytest.skip(f"{adapter.name} has no {', '.join(sorted(lacking))}")
    return Stage(adapter, tmp_path)


def play(stage, play, *arguments):
    """Run a play in the stage's loop, within PATIENCE seconds."""

    async def bounded():
        try:
            async with stage.adapter.timeout(PATIENCE):
                await play(stage, *arguments)
        finally:
            stage.close_sockets()

    try:
        stage.adapter.run(bounded)
    finally:
        stage.close()


def fed_sockets(stage, chance):
    """A blocking socket, and one that receives from it."""
    sender, receiver = stage.blocking(zmq.PUSH), stage.socket(zmq.PULL)
    return stage.connect(sender, receiver, chance.choice([None, "tcp://127.0.0.1:*"]))


def starter(shape, receiver, chance):
    """The function that starts a receive; where it can, one whose awaitable is the socket's own."""
    if type(shape) is Single:
        return receiver.recv
    return lambda: shape.receive(receiver, chance)


def as_list(result):
    return [] if result is CANCELLED else result if isinstance(result, list) else [result]


async def receive_under_cancellation(stage, way, shape, tasks, chance):
    sender, receiver = fed_sockets(stage, chance)
    start = starter(shape, receiver, chance)
    received = []
    feed = Feed(sender, shape, chance, received)
    cancelled = 0

    async def consume():
        nonlocal cancelled
        while feed.sent < COUNT:
            result = await way(stage, chance, start, feed)
            cancelled += result is CANCELLED
            received.extend(as_list(result))

    async def produce():
        while feed.sent < COUNT:
            feed()
            await stage.settle(chance.randint(1, 8))

    plays = [consume] * tasks + ([] if way is cancelled_as_it_arrives else [produce])
    for task in [stage.adapter.spawn(play()) for play in plays]:
        await task.wait()
    shape.send(sender, COUNT)
    last = shape.pieces(COUNT)[-1]
    while received[-1:] != [last]:
        received += await shape.receive(receiver, chance)
    with pytest.raises(zmq.Again):
        await receiver.recv(zmq.DONTWAIT)
    expected = [piece for number in range(COUNT + 1) for piece in shape.pieces(number)]
    if tasks > 1:
        received.sort()
        expected.sort()
    assert received == expected
    assert cancelled


@SEVERAL
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("adapter_class", "way"), LOOPS_AND_WAYS)
def test_cancelled_receivers(adapter_class, way, shape, tasks, tmp_path):
    if shape is PartByPart and tasks > 1:
        pytest.skip("one task at a time can receive a message part by part")
    stage = stage_of(adapter_class, tmp_path, shape.needs)
    chance = random.Random(f"{adapter_class.name} {way.__name__} {shape.__name__} {tasks}")
    play(stage, receive_under_cancellation, way, shape(), tasks, chance)


@SEVERAL
@pytest.mark.parametrize("shape", [Single, Multipart, PartByPart])
@pytest.mark.parametrize(
    "adapter_class",
    [parameter for parameter in ADAPTERS if issubclass(parameter.values[0], AsyncioAdapter)],
)
def test_loops_that_end(adapter_class, shape, tasks, tmp_path):
    """The receivers are cancelled because their loop ends; the next loop goes on with the socket."""
    if shape is PartByPart and tasks > 1:
        pytest.skip("one task at a time can receive a message part by part")
    stage = stage_of(adapter_class, tmp_path)
    shape = shape()
    chance = random.Random(f"{adapter_class.name} {type(shape).__name__} {tasks}")
    sender, receiver = fed_sockets(stage, chance)
    received = []
    feed = Feed(sender, shape, chance, received)

    async def consume():
        while True:
            received.extend(await shape.receive(receiver, chance))

    async def run():
        for _ in range(tasks):
            stage.adapter.spawn(consume())
        for _ in range(chance.randrange(4)):
            feed()
            await stage.settle(chance.randrange(4))

    async def drain():
        while received[-1:] != shape.pieces(COUNT)[-1:]:
            received.extend(await shape.receive(receiver, chance))

    while feed.sent < COUNT:
        stage.adapter.run(run)
    shape.send(sender, COUNT)
    try:
        stage.adapter.run(drain)
    finally:
        stage.close_sockets()
        stage.close()
    expected = [piece for number in range(COUNT + 1) for piece in shape.pieces(number)]
    if tasks > 1:
        received.sort()
        expected.sort()
    assert received == expected


class Sender:
    """Sends message after message, each of which may be cancelled, and notes what came of them."""

    def __init__(self, socket, shape, chance):
        self.socket, self.shape, self.chance = socket, shape, chance
        self.begun = 0
        self.completed = []

    async def one(self, number):
        await self.socket.send_multipart(self.shape.parts(number))
        self.completed.append(number)

    async def batch(self, numbers):
        messages = [self.shape.parts(number) for number in numbers]
        assert await self.socket.send_batch_multipart(messages) == len(numbers)
        self.completed += numbers

    def start(self, batches):
        """Start to send the next message, or the next few."""
        numbers = list(range(self.begun, self.begun + (self.chance.randint(1, 5) if batches else 1)))
        self.begun += len(numbers)
        return self.batch(numbers) if batches else self.one(*numbers)


async def send_under_cancellation(stage, way, shape, tasks, batches, chance):
    socket, reader = stage.socket(zmq.PUSH, sndhwm=2), stage.blocking(zmq.PULL, rcvhwm=2)
    stage.connect(reader, socket)  # inproc: TCP's buffers would take all
    sender = Sender(socket, shape, chance)
    received = []
    cancelled = 0

    def read():
        for _ in range(chance.choice([0, 0, 1, 2])):
            try:
                received.append(reader.recv_multipart(zmq.DONTWAIT))
            except zmq.Again:
                return

    async def send():
        nonlocal cancelled
        while sender.begun < COUNT:
            cancelled += await way(stage, chance, lambda: sender.start(batches), read) is CANCELLED

    async def consume():
        while [b"end"] not in received:
            read()
            await stage.settle(chance.randint(1, 16))

    reading = None if way is cancelled_as_it_arrives else stage.adapter.spawn(consume())
    for task in [stage.adapter.spawn(send()) for _ in range(tasks)]:
        await task.wait()
    reading = reading or stage.adapter.spawn(consume())
    await socket.send_multipart([b"end"])
    await reading.wait()
    received.remove([b"end"])
    numbers = [int(message[0]) for message in received]
    assert received == [shape.parts(number) for number in numbers]  # whole
    assert len(set(numbers)) == len(numbers)  # never twice
    assert set(sender.completed) <= set(numbers)
    if tasks == 1:
        assert numbers == sorted(numbers)
    assert cancelled


@SEVERAL
@pytest.mark.parametrize("batches", [False, True], ids=["one", "batch"])
@pytest.mark.parametrize("shape", [Single, Multipart])
@pytest.mark.parametrize(("adapter_class", "way"), LOOPS_AND_WAYS)
def test_cancelled_senders(adapter_class, way, shape, batches, tasks, tmp_path):
    stage = stage_of(adapter_class, tmp_path, "batch" if batches else None)
    chance = random.Random(f"{adapter_class.name} {way.__name__} {shape.__name__} {batches} {tasks}")
    play(stage, send_under_cancellation, way, shape(), tasks, batches, chance)
