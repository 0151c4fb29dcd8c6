"""Sending and receiving when everything that can fail does."""

from __future__ import annotations

import errno
import pickle
import threading

import pytest
from faults.harness import drive

import zmqbind as zmq

LARGE = 100_000  # bytes: lent if they are `bytes`, and copied without the GIL


PAYLOADS = {
    "small": lambda: bytes(10),
    "large": lambda: bytes(LARGE),
    "bytearray": lambda: bytearray(10),
    "large bytearray": lambda: bytearray(LARGE),
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("copy, track", [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("flags", [0, zmq.DONTWAIT])
def test_send(fault, payload, copy, track, flags):
    def scenario(world):
        sender, receiver = world.pair()
        data = world.payload(PAYLOADS[payload]())
        outcome = yield lambda: sender.send(data, flags, copy=copy, track=track)
        world.check_delivery(sender, receiver, outcome, data)

    by_libzmq = payload == "small" and copy  # which then makes the message of it, and sends it, in one call
    assert drive(scenario, fault) >= (1 if by_libzmq else 2)


@pytest.mark.parametrize("flags", [0, zmq.DONTWAIT])
@pytest.mark.parametrize("track", [False, True])
def test_send_frame(fault, flags, track):
    def scenario(world):
        sender, receiver = world.pair()
        data = world.payload(bytearray(b"a frame"))
        frame = zmq.Frame(data, copy=False, track=track, copy_threshold=0)
        outcome = yield lambda: sender.send(frame, flags, copy=False, track=track)
        world.check_delivery(sender, receiver, outcome, frame)

    assert drive(scenario, fault) >= 2


@pytest.mark.parametrize("sending", [True, False])
def test_time_that_is_up(fault, sending):
    def scenario(world):
        sender, receiver = world.pair(sndhwm=1, rcvhwm=1, sndtimeo=2, rcvtimeo=2)
        taken = world.fill(sender) if sending else 0

        def operation():
            try:
                return sender.send(b"more") if sending else receiver.recv()
            except zmq.Again:
                return "again"

        outcome = yield operation
        assert not outcome.done or outcome.value == "again"
        sender.sndtimeo = receiver.rcvtimeo = 10_000
        assert [receiver.recv() for _ in range(taken)] == [b"filling"] * taken
        sender.send(b"end")
        assert receiver.recv() == b"end"

    if fault.code != errno.EAGAIN:
        assert drive(scenario, fault) >= 4


@pytest.mark.parametrize("copy, track", [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("count", [1, 3, 10])
def test_send_multipart(fault, copy, track, count):
    def scenario(world):
        sender, receiver = world.pair()
        kinds = list(PAYLOADS.values())
        parts = [world.payload(kinds[i % len(kinds)]()) for i in range(count)]
        outcome = yield lambda: sender.send_multipart(parts, copy=copy, track=track)
        if fault.code == errno.EAGAIN and outcome.hits == ["zmq_msg_send"]:
            return  # in the midst of a message libzmq says so when it has dropped it: see test_multipart.py
        world.check_delivery(sender, receiver, outcome, *parts)

    assert drive(scenario, fault) >= 2 * count


def receiving(function, sent, expected, loses=()):
    """A scenario that receives a message `sent`; `loses`: functions whose failure costs the message."""

    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        sender.send_multipart(sent)
        outcome = yield lambda: function(receiver)
        if outcome.done:
            assert outcome.value == expected
        if "zmq_msg_recv" in outcome.hits[1:]:
            return  # the socket fails for good
        sender.send_multipart([b"next", b"message"])
        received = receiver.recv_multipart()
        if received == sent:
            assert not outcome.done
            received = receiver.recv_multipart()
        elif not outcome.interrupted:
            assert outcome.done or outcome.hits[0] in loses
        assert received == [b"next", b"message"]

    return scenario


ALLOCATING = ("PyBytes_FromStringAndSize", "PyUnicode_DecodeUTF8", "PyObject_GetBuffer")


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("flags", [0, zmq.DONTWAIT])
def test_recv(fault, size, flags):
    data = bytes(size)
    assert drive(receiving(lambda socket: socket.recv(flags), [data], data, ALLOCATING), fault) >= 2
    assert drive(receiving(lambda socket: socket.recv(flags, copy=False).bytes, [data], data, ALLOCATING), fault) >= 2


def test_recv_string(fault):
    assert drive(receiving(lambda socket: socket.recv_string(), [b"text"], "text", ALLOCATING), fault) >= 2


@pytest.mark.parametrize("size", [10, LARGE])
def test_recv_into(fault, size):
    def into(socket):
        buffer = bytearray(size)
        used = socket.recv_into(buffer)
        buffer.append(0)
        return used

    assert drive(receiving(into, [bytes(size)], size), fault) >= 2


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("count", [1, 3])
def test_recv_multipart(fault, copy, count):
    parts = [bytes(10 + i) for i in range(count)]
    loses = (*ALLOCATING, "zmq_msg_recv")
    scenario = receiving(lambda socket: list(map(bytes, socket.recv_multipart(copy=copy))), parts, parts, loses)
    assert drive(scenario, fault) >= 2 * count


def test_send_string(fault):
    def scenario(world):
        sender, receiver = world.pair()
        text = world.payload("Grüße " + str(id(world)))
        outcome = yield lambda: sender.send_string(text)
        world.check_delivery(sender, receiver, outcome, text.encode())

    assert drive(scenario, fault) >= 3


@pytest.mark.parametrize("kind", ["json", "pyobj"])
def test_objects(fault, kind):
    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        thing = {"a": [1, 2, 3]}
        outcome = yield lambda: (getattr(sender, f"send_{kind}")(thing), getattr(receiver, f"recv_{kind}")())
        if outcome.done:
            assert outcome.value == (None, thing)

    assert drive(scenario, fault) >= 3


def test_lending_and_getting_back(fault):
    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        data = world.payload(bytearray(1000))

        def operation():
            tracker = sender.send(data, copy=False, track=True)
            assert not tracker.done
            frame = receiver.recv(copy=False)
            del frame
            tracker.wait(10)
            return tracker.done

        outcome = yield operation
        if outcome.done:
            assert outcome.value is True

    assert drive(scenario, fault) >= 5


@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("copy", [True, False])
def test_send_batch(fault, multipart, copy):
    """What an exception says was sent arrives, and no more."""

    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        datas = [world.payload(make()) for make in PAYLOADS.values()]
        messages = [[data, b"."] for data in datas] if multipart else datas
        expected = [[bytes(data), b"."] if multipart else [bytes(data)] for data in datas]

        def operation():
            send = sender.send_batch_multipart if multipart else sender.send_batch
            try:
                return send(messages, copy=copy)
            except BaseException as error:
                world.sent = getattr(error, "sent", None)  # none where a signal came just after it
                raise

        outcome = yield operation
        sent = outcome.value if outcome.done else getattr(world, "sent", None)
        if multipart and outcome.hits[:1] == ["zmq_msg_send"] and not outcome.interrupted:
            return  # a message may have begun: see test_send_multipart
        sender.send(b"end")
        received = list(iter(receiver.recv_multipart, [b"end"]))
        assert received == expected[: len(received) if sent is None else sent]

    assert drive(scenario, fault) >= 8


@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("copy", [True, False])
def test_recv_batch(fault, multipart, copy):
    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        sent = [[b"1", b"2"], [b"3", b"4"], [b"5", b"6"]]
        for parts in sent:
            sender.send_multipart(parts)

        def operation():
            receive = receiver.recv_batch_multipart if multipart else receiver.recv_batch
            return [list(map(bytes, item)) if multipart else bytes(item) for item in receive(copy=copy)]

        outcome = yield operation
        if outcome.done:
            assert outcome.value
        if outcome.done and not outcome.hits:
            assert outcome.value == (sent if multipart else [part for parts in sent for part in parts])
        if "zmq_msg_recv" in outcome.hits[1:]:
            return
        sender.send_multipart([b"next", b"message"])
        received = []
        while received[-1:] != [[b"next", b"message"]]:
            received.append(receiver.recv_multipart())
        if outcome.done:
            taken = outcome.value if multipart else [outcome.value]
            flat = [part for parts in [*taken, *received[:-1]] for part in parts]
            assert flat == [part for parts in sent for part in parts]

    # What goes wrong after the first message ends the batch, and the next call finds it.
    raised = {errno.EAGAIN: zmq.Again, zmq.ETERM: zmq.ContextTerminated}.get(fault.code, zmq.ZMQError)
    known = {"zmq_msg_recv": [None, raised, MemoryError]} if fault.code != errno.EINTR else None
    assert drive(scenario, fault, becomes=known) >= 6


def test_iteration(fault):
    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        sender.send(b"1")
        outcome = yield lambda: next(receiver)
        if outcome.done:
            assert outcome.value == b"1"

    ends = {"zmq_msg_recv": StopIteration} if fault.code == zmq.ETERM else None
    assert drive(scenario, fault, becomes=ends) >= 2


def test_objects_out_of_band(fault):
    def scenario(world):
        sender, receiver = world.pair(rcvtimeo=10_000)
        data = world.payload(bytearray(100_000))

        def operation():
            sender.send_pyobj([pickle.PickleBuffer(data)], protocol=5, out_of_band=True)
            (received,) = receiver.recv_pyobj()
            return bytes(received) == bytes(data)

        outcome = yield operation
        if outcome.done:
            assert outcome.value is True

    known = {"zmq_getsockopt": [zmq.ZMQError, AttributeError]} if fault.code == errno.EINVAL else None
    if fault.code != errno.EAGAIN:  # of which there is a test: test_send_multipart
        assert drive(scenario, fault, becomes=known) >= 8


@pytest.mark.parametrize("sending", [True, False])
def test_waiting(fault, sending):
    """A call that has to wait, until another thread does something about it."""

    def scenario(world):
        sender, receiver = world.pair(sndhwm=1, rcvhwm=1, sndtimeo=10_000, rcvtimeo=10_000)
        taken = world.fill(sender) if sending else 0

        def other_side():
            if sending:
                for _ in range(taken):
                    assert receiver.recv() == b"filling"
            else:
                sender.send(b"more")

        thread = threading.Timer(world.delay, other_side)
        thread.start()
        outcome = yield lambda: sender.send(b"more") if sending else receiver.recv()
        thread.join()
        if sending:
            world.check_delivery(sender, receiver, outcome, b"more")
        elif outcome.done:
            assert outcome.value == b"more"
        elif not outcome.interrupted and outcome.hits[0] not in ALLOCATING:
            assert receiver.recv() == b"more"

    drive(scenario, fault, at_least=2)
