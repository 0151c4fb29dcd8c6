"""Frame: a message as a Python buffer, its metadata, and its life beyond socket and context."""

import array
import copy
import gc
import pickle
import weakref

import pytest

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

SIZES = [0, 1, 29, 30, 33, 34, 1000, 100_000]  # libzmq keeps small messages within zmq_msg_t


@pytest.fixture
def pair(connected_pair):
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE)


@pytest.fixture
def received(pair):
    """``received(data)``: a frame that came through a socket."""

    def receive(data):
        pair[0].send(data)
        return pair[1].recv(copy=False)

    return receive


@pytest.fixture(params=["made", "received"])
def make_frame(request):
    """Frames made from Python objects, and frames received."""
    return zmq.Frame if request.param == "made" else request.getfixturevalue("received")


def payload(size):
    return bytes(index % 251 for index in range(size))


# content


@pytest.mark.parametrize("size", SIZES)
def test_content(make_frame, size):
    data = payload(size)
    frame = make_frame(data)
    assert len(frame) == size
    assert frame.bytes == bytes(frame) == data
    assert frame.buffer == memoryview(frame) == data
    assert type(frame.bytes) is bytes
    assert type(frame.buffer) is memoryview
    assert memoryview(frame).nbytes == size
    assert memoryview(frame).format == "B"


def test_bool_like_bytes(make_frame):
    assert not make_frame(b"")
    assert make_frame(b"\0")


def test_frame_of_nothing():
    for frame in (zmq.Frame(), zmq.Frame(None), zmq.Frame(b"")):
        assert len(frame) == 0
        assert frame.bytes == b""


@pytest.mark.parametrize(
    "data",
    [bytearray(b"abcdefgh"), memoryview(b"abcdefgh"), array.array("i", [1, 2]), memoryview(b"xabcdefgh")[1:]],
    ids=["bytearray", "memoryview", "array", "slice"],
)
def test_frame_of_any_buffer(data):
    assert zmq.Frame(data).bytes == bytes(data)
    assert len(zmq.Frame(data)) == memoryview(data).nbytes


@pytest.mark.parametrize("data", ["text", 1, 1.5, object(), [b"x"]], ids=lambda value: type(value).__name__)
def test_frame_of_what_is_not_bytes(data):
    with pytest.raises(TypeError, match=rf"\b{type(data).__name__}\b"):
        zmq.Frame(data)


def test_frame_of_a_buffer_that_is_not_contiguous():
    with pytest.raises(BufferError):
        zmq.Frame(memoryview(b"abcdef")[::2])


def test_numpy_view(received):
    numpy = pytest.importorskip("numpy")
    data = numpy.arange(1000, dtype="<i4")
    frame = received(data)
    view = numpy.frombuffer(frame, dtype="<i4")
    del frame
    gc.collect()
    assert (view == data).all()


def test_message_is_another_name():
    assert zmq.Message is zmq.Frame


def test_repr_shows_the_content(make_frame):
    assert "hello" in repr(make_frame(b"hello"))
    assert len(repr(make_frame(b"x" * 1_000_000))) < 200
    assert repr(make_frame(b"hello")) == str(make_frame(b"hello"))


def test_writing_into_a_frame_of_bytes():
    """bytes never change, not even through a frame."""
    data = payload(100_000)
    for copying in (True, False):
        view = memoryview(zmq.Frame(data, copy=copying))
        if not view.readonly:
            view[0] = 255
        assert data == payload(100_000)


# comparison


def test_equality(make_frame):
    frame = make_frame(b"hello")
    for same in (b"hello", bytearray(b"hello"), memoryview(b"hello"), zmq.Frame(b"hello")):
        assert frame == same
        assert same == frame
        assert not frame != same
        assert not same != frame
    for other in (b"hell", bytearray(b"hello!"), b"", zmq.Frame(b"HELLO"), "hello", 5, None):
        assert frame != other
        assert other != frame
        assert not frame == other
        assert not other == frame


def test_frames_and_bytes_find_each_other_in_a_dict(make_frame):
    frame = make_frame(b"hello")
    assert hash(frame) == hash(b"hello")
    assert {b"hello": 1}[frame] == 1
    assert {frame: 1}[b"hello"] == 1
    assert frame in [b"hello"]


# items


@pytest.mark.parametrize("index", [0, 1, 4, -1, -5])
def test_index(make_frame, index):
    assert make_frame(b"hello")[index] == b"hello"[index]


@pytest.mark.parametrize("index", [5, -6, 10**30])
def test_index_out_of_range(make_frame, index):
    with pytest.raises(IndexError):
        make_frame(b"hello")[index]


@pytest.mark.parametrize(
    "index",
    [
        slice(None),
        slice(1, 3),
        slice(-3, None),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(3, 100),
        slice(3, 1),
    ],
    ids=str,
)
def test_slice(make_frame, index):
    result = make_frame(b"hello")[index]
    assert result == b"hello"[index]
    assert type(result) is bytes


def test_iteration(make_frame):
    assert list(make_frame(b"abc")) == [97, 98, 99]


@pytest.mark.parametrize("key", [None, 1.5, b"Socket-Type"])
def test_key_of_the_wrong_type(make_frame, key):
    with pytest.raises(TypeError):
        make_frame(b"hello")[key]


def test_no_item_assignment(make_frame):
    with pytest.raises(TypeError):
        make_frame(b"hello")[0] = 1


# metadata and options


@pytest.fixture
def over_tcp(connected_pair):
    """A frame received over TCP."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH, "tcp", rcvtimeo=PATIENCE)
    push.send(b"hello")
    return pull.recv(copy=False)


def test_metadata(over_tcp):
    assert over_tcp["Socket-Type"] == over_tcp.get("Socket-Type") == "PUSH"
    assert over_tcp["Peer-Address"] == "127.0.0.1"
    assert type(over_tcp["Peer-Address"]) is str


def test_source_descriptor(over_tcp):
    assert type(over_tcp.get(zmq.SRCFD)) is int
    assert over_tcp.get(zmq.SRCFD) > 2


def test_unknown_metadata(over_tcp, received, raises_errno):
    for frame in (over_tcp, received(b"hello"), zmq.Frame(b"hello")):
        with raises_errno(zmq.EINVAL):
            frame["No-Such-Property"]
        with raises_errno(zmq.EINVAL):
            frame.get("No-Such-Property")


def test_more(pair):
    sender, receiver = pair
    sender.send_multipart([b"one", b"two"])
    first, second = receiver.recv_multipart(copy=False)
    assert (first.more, second.more) == (True, False)
    assert type(first.more) is bool
    assert first.get(zmq.MORE) == 1
    assert second.get(zmq.MORE) == 0
    assert not zmq.Frame(b"x").more


def test_unknown_options(make_frame, raises_errno):
    frame = make_frame(b"hello")
    with raises_errno(zmq.EINVAL):
        frame.get(99)
    with raises_errno(zmq.EINVAL):
        frame.set(99, 1)
    with raises_errno(zmq.EINVAL):
        frame.set(zmq.MORE, 1)


def test_routing_id_and_group_need_drafts(make_frame):
    """Where libzmq has no drafts, it says so: as NotImplementedError, or as PyZMQ's RuntimeError, its base."""
    if zmq.has("draft"):
        pytest.skip("libzmq has drafts")
    frame = make_frame(b"hello")
    for name, value in (("routing_id", 1), ("group", "group")):
        with pytest.raises(RuntimeError, match="draft"):
            getattr(frame, name)
        with pytest.raises(RuntimeError, match="draft"):
            setattr(frame, name, value)


def test_unknown_attribute(make_frame):
    with pytest.raises(AttributeError, match=r"(?i)no_such_attribute"):
        make_frame(b"hello").no_such_attribute = 1
    with pytest.raises(AttributeError, match=r"(?i)no_such_attribute"):
        _ = make_frame(b"hello").no_such_attribute


# copies and lives


@pytest.mark.parametrize("size", SIZES)
def test_copy(make_frame, size):
    frame = make_frame(payload(size))
    other = copy.copy(frame)
    assert other is not frame
    assert other.bytes == payload(size)
    del frame
    gc.collect()
    assert other.bytes == payload(size)


@pytest.mark.parametrize("size", SIZES)
def test_frame_outlives_socket_and_context(size):
    with zmq.Context() as context:
        with context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
            a.bind("inproc://outlived")
            b.connect("inproc://outlived")
            a.send(payload(size))
            frame = b.recv(copy=False)
    del a, b, context
    gc.collect()
    assert frame.bytes == payload(size)
    view = memoryview(frame)
    del frame
    gc.collect()
    assert view == payload(size)


def test_frame_over_a_transport_outlives_it(transport, connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, transport, rcvtimeo=PATIENCE)
    frames = []
    for size in SIZES:
        push.send(payload(size))
        frames.append(pull.recv(copy=False))
    push.close()
    pull.close()
    assert [frame.bytes for frame in frames] == [payload(size) for size in SIZES]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("copying", [True, False])
def test_sending_a_frame_again_and_again(pair, make_frame, size, copying):
    sender, receiver = pair
    frame = make_frame(payload(size))
    for _ in range(3):
        sender.send(frame, copy=copying)
        assert frame.bytes == payload(size)
        assert receiver.recv() == payload(size)
    sender.send_multipart([frame, frame, b"end"], copy=copying)
    assert receiver.recv_multipart() == [payload(size), payload(size), b"end"]
    assert frame.bytes == payload(size)


def test_sending_a_received_frame_on(pair, received):
    sender, receiver = pair
    first = received(payload(100_000))
    sender.send(first, copy=False)
    second = receiver.recv(copy=False)
    del first
    gc.collect()
    assert second.bytes == payload(100_000)


def test_a_frame_sent_on_does_not_keep_its_more_flag(pair):
    sender, receiver = pair
    sender.send_multipart([b"one", b"two"])
    first, _ = receiver.recv_multipart(copy=False)
    sender.send(first)
    sender.send(b"alone")
    assert receiver.recv_multipart() == [b"one"]
    assert receiver.recv_multipart() == [b"alone"]


def test_a_frame_cannot_be_pickled(make_frame):
    with pytest.raises(TypeError):
        pickle.dumps(make_frame(b"hello"))


def test_weak_reference(make_frame):
    frame = make_frame(b"hello")
    reference = weakref.ref(frame)
    assert reference() is frame
    del frame
    gc.collect()
    assert reference() is None


# tracking


def test_frame_of_a_copy_is_done():
    frame = zmq.Frame(bytearray(b"hello"), track=True)
    assert frame.tracker.done
    frame.tracker.wait(0)


def test_frame_without_tracking():
    frame = zmq.Frame(bytearray(b"x" * 100_000), copy=False)
    assert frame.tracker is None
    assert frame.tracker_event is None


def test_frame_tracks_its_buffer():
    buffer = bytearray(b"x" * 100_000)
    frame = zmq.Frame(buffer, copy=False, track=True)
    tracker = frame.tracker
    assert isinstance(tracker, zmq.MessageTracker)
    assert not tracker.done
    with pytest.raises(zmq.NotDone):
        tracker.wait(0)
    with pytest.raises(BufferError):
        buffer.append(1)
    buffer[0] = ord("y")
    assert frame[0] == ord("y")
    del frame
    tracker.wait(PATIENCE / 1000)
    assert tracker.done
    buffer.append(1)


def test_tracker_of_a_tracked_frame_waits_for_its_copies(pair):
    sender, receiver = pair
    frame = zmq.Frame(bytearray(b"x" * 100_000), copy=False, track=True)
    tracker = frame.tracker
    sender.send(frame, copy=False)
    del frame
    assert not tracker.done
    assert receiver.recv() == b"x" * 100_000
    tracker.wait(PATIENCE / 1000)
    assert tracker.done


def test_small_frame_is_copied_under_the_threshold():
    buffer = bytearray(b"small")
    frame = zmq.Frame(buffer, track=True, copy_threshold=1000)
    buffer.append(1)
    assert frame.bytes == b"small"
