"""Messages that are not copied: buffers lent to libzmq and given back, trackers, and recv_into."""

import array
import gc
import sys
import time
import weakref

import pytest

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

LARGE = 200_000


class Buffer(bytearray):
    """A bytearray whose end can be seen."""


@pytest.fixture
def pair(connected_pair):
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE, sndtimeo=PATIENCE)


def eventually(condition):
    """libzmq gives buffers back from its own threads: soon, but not at once."""
    end = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def resizable(buffer):
    """Whether nobody looks at the memory of a bytearray any more."""
    try:
        buffer.append(0)
    except BufferError:
        return False
    del buffer[-1]
    return True


def make_buffer(kind):
    data = bytes(index % 251 for index in range(LARGE))
    if kind == "numpy":
        return pytest.importorskip("numpy").frombuffer(bytearray(data), dtype="<i4")
    return {
        "bytes": lambda: data,
        "bytearray": lambda: bytearray(data),
        "memoryview": lambda: memoryview(data),
        "array": lambda: array.array("i", data),
        "frame": lambda: zmq.Frame(data),
    }[kind]()


every_buffer = pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "array", "numpy", "frame"])


# sending


@every_buffer
@pytest.mark.parametrize("copying", [True, False])
def test_send(transport, connected_pair, kind, copying):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, transport, rcvtimeo=PATIENCE)
    buffer = make_buffer(kind)
    push.send(buffer, copy=copying)
    assert pull.recv() == bytes(memoryview(buffer))
    push.send_multipart([buffer, b"x", buffer], copy=copying)
    assert pull.recv_multipart() == [bytes(memoryview(buffer)), b"x", bytes(memoryview(buffer))]


def test_what_send_returns(pair):
    sender, _ = pair
    assert sender.send(b"x") is None
    assert sender.send(b"x", track=True) is None
    assert isinstance(sender.send(b"x", copy=False, track=True), zmq.MessageTracker)
    assert sender.send_multipart([b"x", b"y"]) is None
    assert sender.send_multipart([b"x", b"y"], track=True) is None
    assert isinstance(sender.send_multipart([b"x", b"y"], copy=False, track=True), zmq.MessageTracker)


def test_a_lent_bytearray_cannot_be_resized(pair):
    sender, receiver = pair
    buffer = bytearray(LARGE)
    sender.send(buffer, copy=False)
    assert not resizable(buffer)
    with pytest.raises(BufferError):
        buffer.clear()
    assert receiver.recv() == bytes(LARGE)
    eventually(lambda: resizable(buffer))


def test_a_copied_bytearray_is_free_at_once(pair):
    sender, receiver = pair
    buffer = bytearray(b"x" * LARGE)
    sender.send(buffer)
    assert resizable(buffer)
    buffer[:] = b"y" * LARGE
    assert receiver.recv() == b"x" * LARGE


def test_a_received_frame_still_looks_at_the_lent_memory(pair):
    """Within a process nothing is copied at all."""
    sender, receiver = pair
    buffer = bytearray(LARGE)
    sender.send(buffer, copy=False)
    frame = receiver.recv(copy=False)
    buffer[0] = 7
    assert frame[0] == 7
    assert not resizable(buffer)
    del frame
    eventually(lambda: resizable(buffer))


@pytest.mark.parametrize("copying", [True, False])
def test_large_bytes_are_not_leaked(pair, copying):
    sender, receiver = pair
    data = make_buffer("bytes")
    count = sys.getrefcount(data)
    for _ in range(20):
        sender.send(data, copy=copying)
        assert receiver.recv() == data
    sender.send_multipart([data] * 5, copy=copying)
    assert receiver.recv_multipart() == [data] * 5
    eventually(lambda: sys.getrefcount(data) == count)


@pytest.mark.parametrize("copying", [True, False])
def test_large_bytes_live_until_they_are_received(pair, copying):
    sender, receiver = pair
    sender.send(make_buffer("bytes"), copy=copying)
    gc.collect()
    assert receiver.recv() == make_buffer("bytes")


def test_lent_objects_are_released(transport, connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, transport, rcvtimeo=PATIENCE)
    references = []
    for _ in range(50):
        buffer = Buffer(LARGE)
        references.append(weakref.ref(buffer))
        push.send(buffer, copy=False)
        del buffer
        assert len(pull.recv()) == LARGE
    eventually(lambda: not any(reference() for reference in references))


def test_lent_objects_are_released_without_another_call(pair):
    """The list of buffers is emptied even if nothing is sent or received any more."""
    sender, receiver = pair
    buffer = Buffer(LARGE)
    reference = weakref.ref(buffer)
    sender.send(buffer, copy=False)
    del buffer
    frame = receiver.recv(copy=False)
    assert reference() is not None
    del frame
    eventually(lambda: reference() is None)


def test_buffers_lent_to_a_socket_that_closes(make_socket, endpoint_for):
    push = make_socket(zmq.PUSH)
    push.connect(endpoint_for("ipc"))
    references = []
    for _ in range(10):
        buffer = Buffer(LARGE)
        references.append(weakref.ref(buffer))
        tracker = push.send(buffer, copy=False, track=True)
        del buffer
    assert all(reference() is not None for reference in references)
    assert not tracker.done
    push.close(linger=0)
    tracker.wait(PATIENCE / 1000)
    eventually(lambda: not any(reference() for reference in references))


def test_buffers_lent_to_a_context_that_ends(endpoint_for):
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect(endpoint_for("ipc"))
    buffer = bytearray(LARGE)
    tracker = push.send(buffer, copy=False, track=True)
    context.destroy(linger=0)
    assert tracker.done
    eventually(lambda: resizable(buffer))


def test_a_message_that_was_not_sent_is_given_back(make_socket):
    push = make_socket(zmq.PUSH)
    buffer = bytearray(LARGE)
    with pytest.raises(zmq.Again):
        push.send(buffer, zmq.DONTWAIT, copy=False)
    eventually(lambda: resizable(buffer))
    with pytest.raises(zmq.Again):
        push.send_multipart([buffer, buffer], zmq.DONTWAIT, copy=False)
    eventually(lambda: resizable(buffer))
    data = make_buffer("bytes")
    count = sys.getrefcount(data)
    with pytest.raises(zmq.Again):
        push.send(data, zmq.DONTWAIT)
    eventually(lambda: sys.getrefcount(data) == count)


def test_parts_before_a_bad_one_are_given_back(pair):
    buffer = bytearray(LARGE)
    with pytest.raises(TypeError):
        pair[0].send_multipart([buffer, "text"], copy=False)
    eventually(lambda: resizable(buffer))


def test_threshold_of_a_socket(context, make_socket):
    """Below it, copy=False copies all the same: the buffer is free at once."""
    assert make_socket(zmq.PUSH).copy_threshold == zmq.COPY_THRESHOLD
    with context.socket(zmq.PAIR, copy_threshold=1000) as a, make_socket(zmq.PAIR) as b:
        a.bind("inproc://threshold")
        b.connect("inproc://threshold")
        small, large = bytearray(999), bytearray(1001)
        a.send(small, copy=False)
        a.send(large, copy=False)
        assert resizable(small)
        assert not resizable(large)
        a.copy_threshold = 0
        tiny = bytearray(1)
        a.send(tiny, copy=False)
        assert not resizable(tiny)


def test_bytes_are_lent_below_the_threshold_too(make_socket):
    """Nobody can change them, so nobody can tell; they are given back when the last Frame is dropped, no later."""
    sender, receiver = make_socket(zmq.PAIR), make_socket(zmq.PAIR)
    receiver.bind("inproc://bytes")
    sender.connect("inproc://bytes")
    data = make_buffer("bytes")[:10_000]
    count = sys.getrefcount(data)
    assert sender.send(data, copy=False).done
    assert sys.getrefcount(data) == count + 1
    frame = receiver.recv(copy=False)
    assert frame.bytes == data
    assert frame.buffer.readonly
    del frame
    assert sys.getrefcount(data) == count
    sender.send(data, copy=False)
    assert receiver.recv() == data
    assert sys.getrefcount(data) == count
    assert sender.send(data, copy=False, track=True).done
    assert sys.getrefcount(data) == count
    frame = zmq.Frame(data)
    assert sys.getrefcount(data) > count
    assert frame.buffer.readonly


def test_lending_when_the_interpreter_ends(run_python):
    """libzmq gives buffers back while, and after, the interpreter goes away."""
    output = run_python(
        """
        import zmqbind as zmq
        context = zmq.Context.instance()
        push = context.socket(zmq.PUSH)
        push.linger = 0
        push.connect("tcp://127.0.0.1:9")
        for _ in range(100):
            push.send(bytearray(200_000), copy=False)
            push.send(bytes(200_000))
        push.close()
        print("done")
        """
    )
    assert output == "done\n"


# trackers


def test_tracker_tells_the_truth(pair):
    sender, receiver = pair
    tracker = sender.send(bytearray(LARGE), copy=False, track=True)
    assert tracker.done is False
    for timeout in (0, 0.01):
        with pytest.raises(zmq.NotDone):
            tracker.wait(timeout)
    frame = receiver.recv(copy=False)
    assert tracker.done is False
    del frame
    assert tracker.wait(PATIENCE / 1000) is None
    assert tracker.done is True
    tracker.wait()
    tracker.wait(0)


def test_tracker_waits_in_seconds_and_no_less(pair):
    tracker = pair[0].send(bytearray(LARGE), copy=False, track=True)
    start = time.monotonic()
    with pytest.raises(zmq.NotDone):
        tracker.wait(0.1)
    assert time.monotonic() - start >= 0.099


def test_tracker_of_a_multipart_waits_for_every_part(pair):
    sender, receiver = pair
    parts = [bytearray(LARGE) for _ in range(3)]
    tracker = sender.send_multipart(parts, copy=False, track=True)
    frames = receiver.recv_multipart(copy=False)
    while frames:
        assert not tracker.done
        frames.pop()
    tracker.wait(PATIENCE / 1000)
    assert tracker.done


def test_tracker_of_trackers(pair):
    sender, receiver = pair
    first = sender.send(bytearray(LARGE), copy=False, track=True)
    second = sender.send(bytearray(LARGE), copy=False, track=True)
    both = zmq.MessageTracker(first, second)
    receiver.recv()
    first.wait(PATIENCE / 1000)
    assert first.done
    assert not both.done
    receiver.recv()
    both.wait(PATIENCE / 1000)
    assert both.done


def test_tracker_of_a_frame(pair):
    frame = zmq.Frame(bytearray(LARGE), copy=False, track=True)
    tracker = zmq.MessageTracker(frame)
    assert not tracker.done
    del frame
    tracker.wait(PATIENCE / 1000)


def test_tracker_of_nothing_is_done():
    assert zmq.MessageTracker().done
    zmq.MessageTracker().wait(0)


def test_tracker_of_something_else():
    with pytest.raises(TypeError):
        zmq.MessageTracker(1)


def test_tracker_of_a_message_that_was_copied(pair):
    tracker = pair[0].send(b"small", copy=False, track=True)
    tracker.wait(PATIENCE / 1000)
    assert tracker.done


# receiving


def test_recv_of_frames(transport, connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, transport, rcvtimeo=PATIENCE)
    push.send(b"hello")
    frame = pull.recv(copy=False)
    assert type(frame) is zmq.Frame
    assert frame.bytes == b"hello"
    push.send_multipart([b"one", b"x" * LARGE, b""])
    frames = pull.recv_multipart(copy=False)
    assert [type(frame) for frame in frames] == [zmq.Frame] * 3
    assert [frame.bytes for frame in frames] == [b"one", b"x" * LARGE, b""]
    assert [frame.more for frame in frames] == [True, True, False]


def test_recv_of_a_frame_takes_one_part(pair):
    sender, receiver = pair
    sender.send_multipart([b"one", b"two"])
    first = receiver.recv(copy=False)
    assert (first.bytes, first.more) == (b"one", True)
    assert receiver.recv() == b"two"


# recv_into


def test_recv_into(pair):
    sender, receiver = pair
    buffer = bytearray(8)
    sender.send(b"hello")
    assert receiver.recv_into(buffer) == 5
    assert buffer == b"hello\0\0\0"


def test_recv_into_returns_the_full_size_and_truncates(pair):
    sender, receiver = pair
    buffer = bytearray(3)
    sender.send(b"hello")
    assert receiver.recv_into(buffer) == 5
    assert buffer == b"hel"
    sender.send(b"next")
    assert receiver.recv() == b"next"


def test_recv_into_part_of_a_buffer(pair):
    sender, receiver = pair
    buffer = bytearray(8)
    sender.send(b"hello")
    assert receiver.recv_into(buffer, nbytes=2) == 5
    assert buffer == b"he" + bytes(6)
    sender.send(b"hello")
    assert receiver.recv_into(memoryview(buffer)[3:]) == 5
    assert buffer == b"he\0hello"


@pytest.mark.parametrize("nbytes", [9, 200, -2])
def test_recv_into_more_than_there_is_room_for(pair, nbytes):
    sender, receiver = pair
    sender.send(b"hello")
    with pytest.raises(ValueError, match="nbytes"):
        receiver.recv_into(bytearray(8), nbytes=nbytes)
    assert receiver.recv() == b"hello"


@pytest.mark.parametrize("buffer", [b"read-only", memoryview(b"read-only")])
def test_recv_into_a_read_only_buffer(pair, buffer):
    sender, receiver = pair
    sender.send(b"hello")
    with pytest.raises(BufferError):
        receiver.recv_into(buffer)
    assert receiver.recv() == b"hello"


@pytest.mark.parametrize("buffer", ["text", 1, None, [1, 2]])
def test_recv_into_what_is_no_buffer(pair, buffer):
    sender, receiver = pair
    sender.send(b"hello")
    with pytest.raises(TypeError):
        receiver.recv_into(buffer)
    assert receiver.recv() == b"hello"


def test_recv_into_a_buffer_that_is_not_contiguous(pair):
    sender, receiver = pair
    sender.send(b"hello")
    with pytest.raises(BufferError):
        receiver.recv_into(memoryview(bytearray(8))[::2])
    assert receiver.recv() == b"hello"


def test_recv_into_an_array(pair):
    sender, receiver = pair
    numbers = array.array("i", [1, 2, 3])
    sender.send(array.array("i", [7, 8]))
    assert receiver.recv_into(numbers) == 2 * numbers.itemsize
    assert list(numbers) == [7, 8, 3]


def test_recv_into_numpy(pair):
    numpy = pytest.importorskip("numpy")
    sender, receiver = pair
    target = numpy.zeros((2, 3), dtype="<f8")
    sender.send(numpy.arange(6, dtype="<f8"))
    assert receiver.recv_into(target) == target.nbytes
    assert target.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_recv_into_leaves_the_buffer_free(pair):
    sender, receiver = pair
    buffer = bytearray(8)
    sender.send(b"hello")
    receiver.recv_into(buffer)
    with pytest.raises(zmq.Again):
        receiver.recv_into(buffer, flags=zmq.DONTWAIT)
    assert resizable(buffer)


def test_recv_into_takes_one_part(pair):
    sender, receiver = pair
    sender.send_multipart([b"one", b"two"])
    buffer = bytearray(3)
    assert receiver.recv_into(buffer) == 3
    assert buffer == b"one"
    assert receiver.rcvmore
    assert receiver.recv() == b"two"
