"""Messages of several frames arrive whole and in order, or are not sent at all."""

from __future__ import annotations

import array
import contextlib
import gc
import re
import weakref

import pytest

import zmqbind as zmq


@pytest.fixture
def pair(connected_pair):
    """Two PAIR sockets that do not wait forever."""
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=20_000, sndtimeo=20_000)


def nothing_was_sent(a, b):
    """The next message that `b` gets is the one that `a` sends now, untouched by earlier parts."""
    a.send(b"marker")
    return b.recv_multipart() == [b"marker"]


@pytest.mark.parametrize(
    "parts",
    [
        [b"one"],
        [b""],
        [b"a", b"b", b"c"],
        [b"", b"", b""],
        [b"%d" % number for number in range(5000)],
        [b"small", b"x" * 1_000_000, b"", b"y" * 100_000],
    ],
    ids=["one", "one empty", "three", "three empty", "many", "big"],
)
@pytest.mark.parametrize("copy", [True, False])
def test_round_trip(connected_pair, transport, parts, copy):
    a, b = connected_pair(zmq.PAIR, zmq.PAIR, transport, rcvtimeo=20_000)
    a.send_multipart(parts, copy=copy)
    assert b.recv_multipart() == parts
    a.send_multipart(parts)
    frames = b.recv_multipart(copy=False)
    assert [frame.bytes for frame in frames] == parts
    assert [frame.more for frame in frames] == [True] * (len(parts) - 1) + [False]


@pytest.mark.parametrize("copy", [True, False])
def test_whatever_is_bytes_like(pair, copy):
    a, b = pair
    parts = [
        b"bytes",
        bytearray(b"bytearray"),
        memoryview(b"memoryview")[:6],
        array.array("H", [1, 2]),
        zmq.Frame(b"frame"),
        memoryview(b"abcdefgh").cast("B", (2, 4)),
    ]
    a.send_multipart(parts, copy=copy)
    expected = [b"bytes", b"bytearray", b"memory", array.array("H", [1, 2]).tobytes(), b"frame", b"abcdefgh"]
    assert b.recv_multipart() == expected


def test_any_sequence_of_parts(pair):
    a, b = pair
    for parts in ([b"1", b"2"], (b"1", b"2")):
        a.send_multipart(parts)
        assert b.recv_multipart() == [b"1", b"2"]


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("bad", [None, "text", 7, 1.5, object(), [b"nested"]], ids=lambda bad: type(bad).__name__)
def test_one_bad_part_and_none_is_sent(pair, bad, position, copy):
    a, b = pair
    parts = [b"a", b"b", b"c"]
    parts[position] = bad
    with pytest.raises(TypeError) as caught:
        a.send_multipart(parts, copy=copy)
    assert re.search(rf"\b{type(bad).__name__}\b", str(caught.value))
    assert nothing_was_sent(a, b)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("position", [0, 1])
def test_a_part_that_is_not_contiguous(pair, position, copy):
    a, b = pair
    parts = [b"a", b"b"]
    parts[position] = memoryview(b"abcd")[::2]
    with pytest.raises(BufferError):
        a.send_multipart(parts, copy=copy)
    assert nothing_was_sent(a, b)


@pytest.mark.parametrize("parts", [b"12", bytearray(b"12"), "ab", None, 5], ids=repr)
def test_something_that_is_no_list_of_parts(pair, parts):
    """Bytes are a sequence too, but one of integers: forgetting the list is a mistake worth telling."""
    a, b = pair
    with pytest.raises(TypeError):
        a.send_multipart(parts)
    assert nothing_was_sent(a, b)


def test_no_parts(pair):
    a, b = pair
    with pytest.raises((IndexError, ValueError)):
        a.send_multipart([])
    assert nothing_was_sent(a, b)


def test_a_bad_part_does_not_lose_a_frame(pair):
    """A Frame that stood before the bad part is whole and can be sent again."""
    a, b = pair
    frame = zmq.Frame(b"precious")
    with pytest.raises(TypeError):
        a.send_multipart([frame, None], copy=False)
    a.send_multipart([frame, b"x"], copy=False)
    assert b.recv_multipart() == [b"precious", b"x"]
    assert frame.bytes == b"precious"


def test_a_bad_part_leaves_no_reference(pair):
    class Payload(bytearray):
        pass

    payload = Payload(b"x" * 1_000_000)
    watch = weakref.ref(payload)
    for copy in (True, False):
        with pytest.raises(TypeError):
            pair[0].send_multipart([payload, None], copy=copy)
    payload.extend(b"no buffer is held")
    del payload
    gc.collect()
    assert watch() is None


def test_part_by_part(pair):
    a, b = pair
    a.send(b"1", zmq.SNDMORE)
    a.send(b"2", flags=zmq.SNDMORE)
    assert not b.poll(0)
    a.send(b"3")
    for part, more in ((b"1", 1), (b"2", 1), (b"3", 0)):
        assert b.recv() == part
        assert b.get(zmq.RCVMORE) == more
        assert b.rcvmore == more


def test_first_part_then_the_rest(pair):
    a, b = pair
    a.send_multipart([b"1", b"2", b"3"])
    a.send(b"next")
    assert b.recv() == b"1"
    assert b.recv_multipart() == [b"2", b"3"]
    assert b.recv_multipart() == [b"next"]


def test_sndmore_continues_a_multipart(pair):
    a, b = pair
    a.send_multipart([b"1", b"2"], zmq.SNDMORE)
    a.send_multipart([b"3"])
    assert b.recv_multipart() == [b"1", b"2", b"3"]


def test_nothing_to_receive(pair):
    with pytest.raises(zmq.Again):
        pair[1].recv_multipart(zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        pair[1].recv_multipart(flags=zmq.NOBLOCK, copy=False)


def test_time_runs_out(pair):
    pair[1].rcvtimeo = 10
    with pytest.raises(zmq.Again):
        pair[1].recv_multipart()


def test_at_the_high_water_mark_all_parts_or_none(make_socket):
    push, pull = make_socket(zmq.PUSH, sndhwm=5), make_socket(zmq.PULL, rcvhwm=5, rcvtimeo=20_000)
    pull.bind("inproc://here")
    push.connect("inproc://here")
    sent = []
    for number in range(1000):
        message = [b"%d" % number, b"", b"end"]
        try:
            push.send_multipart(message, zmq.DONTWAIT)
        except zmq.Again:
            break
        sent.append(message)
    else:
        pytest.fail("the high-water mark was never reached")
    assert [pull.recv_multipart() for _ in sent] == sent
    assert not pull.poll(0)
    push.send_multipart([b"works", b"again"])
    assert pull.recv_multipart() == [b"works", b"again"]


def test_tracking(pair):
    a, b = pair
    assert a.send_multipart([b"1", b"2"]) is None
    parts = [b"x" * 1_000_000, b"y" * 1_000_000]
    tracker = a.send_multipart(parts, copy=False, track=True)
    assert isinstance(tracker, zmq.MessageTracker)
    assert b.recv_multipart() == [b"1", b"2"]
    assert b.recv_multipart() == parts
    tracker.wait(20)
    assert tracker.done


def test_received_frames_can_be_passed_on(pair):
    a, b = pair
    parts = [b"id", b"", b"x" * 100_000]
    a.send_multipart(parts)
    b.send_multipart(b.recv_multipart(copy=False), copy=False)
    assert a.recv_multipart() == parts


def test_a_closed_socket(pair):
    a, _ = pair
    a.close()
    for call in (lambda: a.send_multipart([b"1"]), a.recv_multipart):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == zmq.ENOTSOCK


def test_the_rest_of_a_message_does_not_go_to_another_peer(make_socket):
    """The peer that the first part was for goes before the second; libzmq notices while the second is sent."""
    for number in range(100):
        push, gone, pull = make_socket(zmq.PUSH), make_socket(zmq.PULL), make_socket(zmq.PULL, rcvtimeo=20_000)
        push.bind(f"inproc://{number}")
        gone.connect(f"inproc://{number}")
        push.send(b"first", zmq.SNDMORE)
        pull.connect(f"inproc://{number}")
        gone.close()
        push.send(b"last")
        received = None
        while received is None:
            push.send_multipart([b"next", b"message"])
            if pull.poll(5):  # the peer may have been still there to take it
                received = pull.recv_multipart()
        assert received == [b"next", b"message"]
        push.close()
        pull.close()


def test_the_collector_runs_nobody_in_the_middle_of_a_message(connected_pair):
    """Before CPython 3.12 it runs when objects are made; a finalizer may use the socket, or let other threads do so."""
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL, rcvtimeo=5_000)
    message = [b"first", b"second", b"third"]
    count = 500
    for _ in range(count):
        sender.send_multipart(message)
    received = []

    def look(*_):
        with contextlib.suppress(zmq.Again, zmq.ConcurrentUseError):
            received.append(receiver.recv_multipart(zmq.DONTWAIT))

    lists = [[] for _ in range(200)]  # else CPython uses old ones again, which the collector takes no notice of
    threshold = gc.get_threshold()
    gc.callbacks.append(look)
    gc.set_threshold(1)
    try:
        while len(received) < count:
            lists.append([])  # the next one has the collector run
            received.append(receiver.recv_multipart(zmq.DONTWAIT))
    except zmq.Again:  # a look has taken the last
        pass
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(look)
    assert received == [message] * count
