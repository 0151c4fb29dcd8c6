"""Frames, trackers and utilities when everything that can fail does."""

from __future__ import annotations

import copy
import errno
import threading

import pytest
from faults.harness import drive

import zmqbind as zmq


@pytest.mark.parametrize(
    "data",
    [bytes(10), bytes(100_000), bytearray(10), bytearray(100_000)],
    ids=lambda data: f"{type(data).__name__}-{len(data)}",
)
@pytest.mark.parametrize("how", [{}, {"copy": True}, {"copy": False, "track": True, "copy_threshold": 0}], ids=str)
def test_frame(fault, data, how):
    def scenario(world):
        payload = world.payload(type(data)(data))
        outcome = yield lambda: zmq.Frame(payload, **how)
        if outcome.done:
            assert outcome.value.bytes == data

    assert drive(scenario, fault) >= 1


def test_frame_of_frame(fault):
    def scenario(world):
        payload = world.payload(bytearray(100))
        frame = zmq.Frame(payload, copy=False, copy_threshold=0)
        outcome = yield lambda: (zmq.Frame(frame), zmq.Frame(frame, copy=True), copy.copy(frame))
        if outcome.done:
            assert all(other == frame for other in outcome.value)
        assert frame.bytes == bytes(100)

    assert drive(scenario, fault) >= 3


def test_frame_content(fault):
    def scenario(world):
        frame = zmq.Frame(world.payload(bytearray(b"content")), copy=False, copy_threshold=0)
        outcome = yield lambda: (frame.bytes, bytes(frame.buffer), frame[1:3], repr(frame), hash(frame) == 0)
        if outcome.done:
            assert outcome.value[:3] == (b"content", b"content", b"on")

    assert drive(scenario, fault, unheard=["zmq_msg_get", "zmq_msg_gets"]) >= 1


def test_frame_properties(fault):
    def scenario(world):
        sender, receiver = world.pair(endpoint="tcp://127.0.0.1:*", rcvtimeo=10_000)
        sender.send(b"x" * 100)
        frame = receiver.recv(copy=False)
        outcome = yield lambda: (frame["Socket-Type"], frame.get("Peer-Address"), frame.more, frame.shared)
        if outcome.done:
            assert outcome.value == ("PUSH", "127.0.0.1", False, 0)
        assert frame.bytes == b"x" * 100

    assert drive(scenario, fault) >= 3


def test_frame_writable(fault):
    """Where libzmq does not tell whether the memory is shared, it cannot be written."""

    def scenario(world):
        sender, receiver = world.pair(endpoint="tcp://127.0.0.1:*", rcvtimeo=10_000)
        sender.send(b"x" * 100)
        frame = receiver.recv(copy=False)
        outcome = yield lambda: memoryview(frame).readonly
        assert outcome.interrupted or outcome.value or (outcome.done and outcome.hits in ([], ["zmq_msg_get"]))

    assert drive(scenario, fault, unheard=["zmq_msg_get", "zmq_msg_gets"]) >= 2


def test_setting_a_message_option(fault):
    def scenario(world):
        frame = zmq.Frame(b"")

        def operation():
            try:
                frame.set(zmq.MORE, 1)
            except zmq.ZMQError as error:
                if error.errno != errno.EINVAL:
                    raise

        yield operation

    if fault.code != errno.EINVAL:
        assert drive(scenario, fault) >= 1


def test_tracker(fault):
    def scenario(world):
        payload = world.payload(bytearray(100))
        frame = zmq.Frame(payload, copy=False, track=True, copy_threshold=0)
        tracker = zmq.MessageTracker(frame)
        release = threading.Timer(0.002, lambda frames: frames.clear(), [[frame]])
        del frame

        def operation():
            release.start()
            tracker.wait(10)
            return tracker.done

        outcome = yield operation
        release.join()
        release.args = ()
        assert outcome.interrupted or outcome.value is True

    drive(scenario, fault)


def test_tracker_not_done(fault):
    def scenario(world):
        frame = zmq.Frame(world.payload(bytearray(100)), copy=False, track=True, copy_threshold=0)

        def operation():
            with pytest.raises(zmq.NotDone):
                frame.tracker.wait(0.001)

        yield operation

    drive(scenario, fault)


def test_curve_keys(fault):
    def scenario(world):
        def operation():
            public, secret = zmq.curve_keypair()
            return public, zmq.curve_public(secret)

        outcome = yield operation
        if outcome.done:
            assert outcome.value[0] == outcome.value[1]

    becomes = {"zmq_curve_public": ValueError} if fault.code == errno.EINVAL else None
    assert drive(scenario, fault, becomes=becomes) >= 5
