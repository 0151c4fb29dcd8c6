"""Batches of messages, and iterating over a socket."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading

import numpy
import pytest

import zmqbind as zmq

PATIENCE = 20_000  # milliseconds


@pytest.fixture
def stream(connected_pair, transport):
    """A PUSH socket and the PULL socket that gets its messages."""
    return connected_pair(zmq.PUSH, zmq.PULL, transport, rcvtimeo=PATIENCE, sndtimeo=PATIENCE)


def receive(socket, count, take):
    """`count` messages, in as many batches as it takes."""
    messages = []
    while len(messages) < count:
        messages += take(socket, count - len(messages))
    return messages


def test_messages_arrive_in_order(stream):
    sender, receiver = stream
    messages = [b"%d" % number for number in range(500)]
    assert sender.send_batch(messages) == 500
    assert receive(receiver, 500, zmq.Socket.recv_batch) == messages


def test_multipart_messages_arrive_whole_and_in_order(stream):
    sender, receiver = stream
    messages = [[b"%d" % number, b"", b"x" * (number % 7)] for number in range(500)]
    assert sender.send_batch_multipart(messages) == 500
    assert receive(receiver, 500, zmq.Socket.recv_batch_multipart) == messages


def test_what_is_there_is_taken_up_to_the_maximum(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    sender.send_batch([b"%d" % number for number in range(7)])
    assert receiver.recv_batch(max_messages=3) == [b"0", b"1", b"2"]
    assert receiver.recv_batch() == [b"3", b"4", b"5", b"6"]


def test_frames(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    sender.send_batch([b"a", bytearray(b"b"), zmq.Frame(b"c"), numpy.arange(2, dtype="u1")])
    batch = receiver.recv_batch(copy=False)
    assert all(isinstance(frame, zmq.Frame) for frame in batch)
    assert batch == [b"a", b"b", b"c", b"\0\1"]
    sender.send_batch_multipart([[b"a", zmq.Frame(b"b")]])
    assert receiver.recv_batch_multipart(copy=False) == [[b"a", b"b"]]


def test_parts_come_one_by_one_in_a_batch_of_single_messages(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    sender.send_multipart([b"a", b"b", b"c"])
    assert receiver.recv_batch(2) == [b"a", b"b"]
    assert receiver.recv_batch(2) == [b"c"]


@pytest.mark.parametrize("take", ["recv_batch", "recv_batch_multipart"])
def test_nothing_comes_in_time(make_socket, take):
    receiver = make_socket(zmq.PULL)
    with pytest.raises(zmq.Again):
        getattr(receiver, take)(timeout=1)
    with pytest.raises(zmq.Again):
        getattr(receiver, take)(timeout=0)
    with pytest.raises(zmq.Again):
        getattr(receiver, take)(flags=zmq.DONTWAIT)
    receiver.rcvtimeo = 1
    with pytest.raises(zmq.Again):
        getattr(receiver, take)()


def test_a_batch_waits_for_its_first_message(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    found = []
    thread = threading.Thread(target=lambda: found.extend(receiver.recv_batch(timeout=PATIENCE)), daemon=True)
    thread.start()
    sender.send(b"first")
    thread.join(PATIENCE / 1000)
    assert found == [b"first"]


def test_dontwait_stops_at_the_high_water_mark(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL, hwm=5)
    messages = [b"%d" % number for number in range(100)]
    sent = sender.send_batch(messages, zmq.DONTWAIT)
    assert 0 < sent < 100
    assert receive(receiver, sent, zmq.Socket.recv_batch) == messages[:sent]
    more = sender.send_batch_multipart(([message, b"x"] for message in messages), zmq.DONTWAIT)
    assert 0 < more < 100
    assert receive(receiver, more, zmq.Socket.recv_batch_multipart) == [[m, b"x"] for m in messages[:more]]


def test_a_batch_larger_than_the_high_water_mark_waits_for_room(connected_pair, transport):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL, transport, hwm=5, rcvtimeo=PATIENCE)
    messages = [b"%d" % number for number in range(3000)]
    sent = []
    thread = threading.Thread(target=lambda: sent.append(sender.send_batch(messages)), daemon=True)
    thread.start()
    assert receive(receiver, 3000, zmq.Socket.recv_batch) == messages
    thread.join(PATIENCE / 1000)
    assert sent == [3000]


def test_time_is_up_part_way(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL, hwm=5, sndtimeo=10)
    with pytest.raises(zmq.Again) as caught:
        sender.send_batch([b"x"] * 100)
    assert 0 < caught.value.sent < 100
    assert len(receive(receiver, caught.value.sent, zmq.Socket.recv_batch)) == caught.value.sent


@pytest.mark.parametrize("bad, error", [(None, TypeError), ("x", TypeError), (memoryview(b"abcd")[::2], BufferError)])
def test_a_bad_message_part_way(connected_pair, bad, error):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    with pytest.raises(error) as caught:
        sender.send_batch([b"a", b"b", bad, b"c"])
    assert caught.value.sent == 2
    assert receiver.recv_batch() == [b"a", b"b"]
    with pytest.raises(error, match=r"msg_parts\[1\]") as caught:
        sender.send_batch_multipart([[b"a"], [b"b", bad], [b"c"]])
    assert caught.value.sent == 1
    assert receiver.recv_batch_multipart() == [[b"a"]]
    assert not receiver.poll(0)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have notes since Python 3.11")
def test_the_exception_says_how_many_were_sent(make_socket):
    with pytest.raises(TypeError) as caught:
        make_socket(zmq.PUB).send_batch([b"a", b"b", 3])
    assert caught.value.__notes__ == ["send_batch: 2 messages were sent before"]


def test_the_iterable_fails(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)

    def messages():
        yield b"a"
        raise LookupError("no more")

    with pytest.raises(LookupError) as caught:
        sender.send_batch(messages())
    assert caught.value.sent == 1
    assert receiver.recv_batch() == [b"a"]


def test_bad_arguments(make_socket):
    socket = make_socket(zmq.PAIR)
    for maximum in (0, -1):
        with pytest.raises(ValueError, match="max_messages"):
            socket.recv_batch(maximum)
    with pytest.raises(TypeError, match="timeout"):
        socket.recv_batch(timeout="soon")
    with pytest.raises(TypeError):
        socket.send_batch(5)
    assert socket.send_batch([]) == 0


def test_an_iterator_may_use_the_socket(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)

    def messages():
        for name in (b"a", b"b"):
            sender.send(b"before " + name)
            yield name

    assert sender.send_batch(messages()) == 2
    assert receiver.recv_batch() == [b"before a", b"a", b"before b", b"b"]


def test_iterating_ends_with_the_context(connected_pair, context):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    sender.send_batch([b"a", b"b"])
    assert list(itertools.islice(receiver, 2)) == [b"a", b"b"]
    acknowledged, found = threading.Event(), []

    def iterate():
        for message in receiver:
            found.append(message)
            acknowledged.set()
        found.append("the end")

    thread = threading.Thread(target=iterate, daemon=True)
    thread.start()
    sender.send(b"c")
    assert acknowledged.wait(PATIENCE / 1000)
    context.destroy(linger=0)
    thread.join(PATIENCE / 1000)
    assert found == [b"c", "the end"]


def test_iterating_over_a_closed_socket(make_socket, raises_errno):
    socket = make_socket(zmq.PULL)
    socket.close()
    with raises_errno(zmq.ENOTSOCK):
        next(socket)


def test_a_poll_between_two_messages_of_a_batch_is_not_believed_later(make_socket):
    """Copies of large messages let other threads in; what those saw of the socket is old after the next message."""
    sender, receiver = make_socket(zmq.PUSH, sndhwm=0), make_socket(zmq.PULL, rcvhwm=0)
    sender.bind("inproc://polled")
    receiver.connect("inproc://polled")
    message = bytes(100_000)
    done = threading.Event()

    def look():
        while not done.is_set():
            with contextlib.suppress(zmq.ConcurrentUseError):
                receiver.poll(0)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(15):
            sender.send_batch([message] * 20)
            received = 0
            while received < 20:
                with contextlib.suppress(zmq.ConcurrentUseError):
                    received += len(receiver.recv_batch(20))
            with contextlib.suppress(zmq.ConcurrentUseError):
                assert receiver.poll(0) == 0
    finally:
        done.set()
        thread.join()
