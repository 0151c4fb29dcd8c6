"""Text, JSON, pickled objects and formats of one's own, sent and received by the socket's helpers."""

from __future__ import annotations

import json
import pickle

import pytest

import zmqbind as zmq


@pytest.fixture
def pair(connected_pair):
    """Two PAIR sockets that do not wait forever."""
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=20_000)


def nothing_was_sent(a, b):
    """The next message that `b` gets is the one that `a` sends now."""
    a.send(b"marker")
    return b.recv_multipart() == [b"marker"]


# Text.


@pytest.mark.parametrize("text", ["", "plain", "zähl ✓ 🐍", "with\0nul"])
def test_string(pair, text):
    a, b = pair
    a.send_string(text)
    assert b.recv() == text.encode()
    a.send_string(text)
    assert b.recv_string() == text


def test_string_in_another_encoding(pair):
    a, b = pair
    a.send_string("é", encoding="latin-1")
    assert b.recv() == b"\xe9"
    a.send_string("é", encoding="utf-16-le")
    assert b.recv_string(encoding="utf-16-le") == "é"


def test_string_by_its_old_name(pair):
    a, b = pair
    a.send_unicode("é")
    assert b.recv_unicode() == "é"


@pytest.mark.parametrize("value", [b"bytes", None, 5, ["x"]], ids=repr)
def test_string_of_something_else(pair, value):
    a, b = pair
    with pytest.raises(TypeError):
        a.send_string(value)
    assert nothing_was_sent(a, b)


def test_string_that_cannot_be_encoded(pair):
    a, b = pair
    for text, encoding in (("é", "ascii"), ("\ud800", "utf-8")):
        with pytest.raises(UnicodeEncodeError):
            a.send_string(text, encoding=encoding)
    with pytest.raises(LookupError):
        a.send_string("x", encoding="no such encoding")
    assert nothing_was_sent(a, b)


def test_bytes_that_cannot_be_decoded(pair):
    a, b = pair
    a.send(b"\xff")
    a.send(b"next")
    with pytest.raises(UnicodeDecodeError):
        b.recv_string()
    assert b.recv_string() == "next"


def test_string_flags(pair):
    a, b = pair
    a.send_string("more", zmq.SNDMORE)
    a.send_string("last", copy=False)
    assert b.recv_string() == "more"
    assert b.rcvmore
    assert b.recv_string() == "last"
    with pytest.raises(zmq.Again):
        b.recv_string(zmq.DONTWAIT)


def test_send_refuses_text_and_names_the_way(pair):
    a, b = pair
    with pytest.raises(TypeError, match="str"):
        a.send("text")
    assert nothing_was_sent(a, b)


# JSON.


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "é", [], {}, {"a": [1, {"b": None}]}], ids=repr)
def test_json(pair, value):
    a, b = pair
    a.send_json(value)
    message = b.recv()
    assert json.loads(message) == value
    b.send(message)
    assert a.recv_json() == value


def test_json_passes_its_options_on(pair):
    a, b = pair
    a.send_json({"b": 1, "a": 2}, sort_keys=True, separators=(",", ":"))
    assert b.recv() == b'{"a":2,"b":1}'
    a.send_json([1, 2.5])
    assert b.recv_json(parse_int=str, parse_float=str) == ["1", "2.5"]


def test_json_flags(pair):
    a, b = pair
    a.send_json(1, zmq.SNDMORE)
    a.send_json(2)
    assert (b.recv_json(), b.rcvmore, b.recv_json(), b.rcvmore) == (1, 1, 2, 0)
    with pytest.raises(zmq.Again):
        b.recv_json(flags=zmq.DONTWAIT)


def test_json_that_cannot_be_written(pair):
    a, b = pair
    with pytest.raises(TypeError):
        a.send_json({"a": object()})
    assert nothing_was_sent(a, b)


@pytest.mark.parametrize("message", [b"", b"{", b"nonsense", b"\xff"])
def test_json_that_cannot_be_read(pair, message):
    a, b = pair
    a.send(message)
    a.send_json("next")
    with pytest.raises(ValueError):
        b.recv_json()
    assert b.recv_json() == "next"


# Pickled objects.


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)


@pytest.mark.parametrize(
    "value", [None, {1, 2}, {"a": (1, b"2")}, Point(1, 2), b"x" * 200_000], ids=lambda v: type(v).__name__
)
def test_pyobj(pair, value):
    a, b = pair
    a.send_pyobj(value)
    message = b.recv()
    assert pickle.loads(message) == value
    b.send(message)
    assert a.recv_pyobj() == value


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pyobj_protocol(pair, protocol):
    a, b = pair
    a.send_pyobj([1, 2], protocol=protocol)
    assert b.recv() == pickle.dumps([1, 2], protocol)


def test_pyobj_flags(pair):
    a, b = pair
    a.send_pyobj(1, zmq.SNDMORE)
    a.send_pyobj(2)
    assert (b.recv_pyobj(), b.rcvmore, b.recv_pyobj(), b.rcvmore) == (1, 1, 2, 0)
    with pytest.raises(zmq.Again):
        b.recv_pyobj(zmq.DONTWAIT)


def test_pyobj_that_cannot_be_pickled(pair):
    a, b = pair
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        a.send_pyobj(lambda: None)
    assert nothing_was_sent(a, b)


def test_pyobj_that_is_no_pickle(pair):
    a, b = pair
    a.send(b"no pickle at all")
    a.send_pyobj("next")
    with pytest.raises(pickle.UnpicklingError):
        b.recv_pyobj()
    assert b.recv_pyobj() == "next"


# Formats of one's own.


def test_serialized(pair):
    a, b = pair
    a.send_serialized({"kind": "greeting", "text": "hello"}, lambda m: [m["kind"].encode(), m["text"].encode()])
    assert b.recv_serialized(lambda frames: [frame.decode() for frame in frames]) == ["greeting", "hello"]


def test_serialized_without_copying(pair):
    a, b = pair
    a.send_serialized(b"x" * 100_000, lambda m: [m, b"end"], copy=False)

    def deserialize(frames):
        assert all(isinstance(frame, zmq.Frame) for frame in frames)
        return [len(frame) for frame in frames]

    assert b.recv_serialized(deserialize, copy=False) == [100_000, 3]


def test_serialized_flags(pair):
    a, b = pair
    a.send_serialized([b"1"], list, zmq.SNDMORE)
    a.send_serialized([b"2"], list)
    assert b.recv_serialized(list) == [b"1", b"2"]
    with pytest.raises(zmq.Again):
        b.recv_serialized(list, zmq.DONTWAIT)


def test_serializer_that_fails(pair):
    a, b = pair
    with pytest.raises(ZeroDivisionError):
        a.send_serialized(0, lambda m: 1 / m)
    with pytest.raises(TypeError):
        a.send_serialized(0, lambda m: [b"good", m])
    assert nothing_was_sent(a, b)


def test_deserializer_that_fails(pair):
    a, b = pair
    a.send_multipart([b"1", b"2"])
    a.send(b"next")
    with pytest.raises(ZeroDivisionError):
        b.recv_serialized(lambda frames: 1 / 0)
    assert b.recv() == b"next"


# All of them.


@pytest.mark.parametrize(
    ("send", "receive"),
    [
        (lambda s: s.send_string("x"), lambda s: s.recv_string()),
        (lambda s: s.send_json("x"), lambda s: s.recv_json()),
        (lambda s: s.send_pyobj("x"), lambda s: s.recv_pyobj()),
        (lambda s: s.send_serialized("x", lambda m: [m.encode()]), lambda s: s.recv_serialized(list)),
    ],
    ids=["string", "json", "pyobj", "serialized"],
)
def test_a_closed_socket(pair, send, receive):
    pair[0].close()
    for call in (send, receive):
        with pytest.raises(zmq.ZMQError) as caught:
            call(pair[0])
        assert caught.value.errno == zmq.ENOTSOCK


def test_helpers_use_what_a_subclass_makes_of_send_and_receive(context):
    """Programs that override recv() to log or decrypt rely on recv_string() going through it, and so on."""

    class Reversing(zmq.Socket):
        def send(self, data, flags=0, **kwargs):
            return super().send(bytes(data)[::-1], flags, **kwargs)

        def recv(self, flags=0, copy=True, track=False):
            return super().recv(flags, copy, track)[::-1]

    with Reversing(context, zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://here")
        b.connect("inproc://here")
        a.send_string("abc")
        assert b.recv() == b"cba"
        b.send(b"321")
        assert a.recv_json() == 123
