"""Pickled objects whose buffers travel as parts of their own."""

from __future__ import annotations

import pickle

import numpy
import pytest

import zmqbind as zmq

PATIENCE = 20_000  # milliseconds
LARGE = zmq.COPY_THRESHOLD // 8 + 1  # float64 numbers


@pytest.fixture
def pair(connected_pair, transport):
    return connected_pair(zmq.PAIR, zmq.PAIR, transport, rcvtimeo=PATIENCE, sndtimeo=PATIENCE)


def test_arrays_travel_as_parts_of_their_own(pair):
    first, second = pair
    sent = {"a": numpy.arange(LARGE, dtype=float), "b": [numpy.ones(2 * LARGE)], "c": "text"}
    first.send_pyobj(sent, out_of_band=True)
    parts = second.recv_multipart(copy=False)
    assert [len(part) for part in parts[1:]] == [8 * LARGE, 16 * LARGE]
    first.send_pyobj(sent, out_of_band=True)
    got = second.recv_pyobj()
    assert got["c"] == "text"
    assert numpy.array_equal(got["a"], sent["a"]) and numpy.array_equal(got["b"][0], sent["b"][0])


def test_nothing_is_copied_on_the_way_in(pair):
    first, second = pair
    first.send_pyobj(numpy.arange(LARGE), out_of_band=True)
    got = second.recv_pyobj()
    base = got
    while isinstance(base, numpy.ndarray):
        base = base.base
    owner = base.obj if isinstance(base, memoryview) else base
    assert isinstance(owner, (zmq.Frame, pickle.PickleBuffer))


def test_the_sender_is_told_when_its_buffers_are_free(pair):
    first, second = pair
    array = numpy.arange(LARGE)
    tracker = first.send_pyobj(array, out_of_band=True, track=True)
    assert numpy.array_equal(second.recv_pyobj(), array)
    tracker.wait(PATIENCE / 1000)
    assert tracker.done


def test_small_and_scattered_buffers_stay_in_the_pickle(pair):
    first, second = pair
    for array in (numpy.arange(10), numpy.arange(4 * LARGE)[::2]):
        first.send_pyobj(array, out_of_band=True)
        assert second.poll(PATIENCE)
        assert len(second.recv_multipart()) == 1
        first.send_pyobj(array, out_of_band=True)
        assert numpy.array_equal(second.recv_pyobj(), array)


def test_fortran_order(pair):
    first, second = pair
    array = numpy.asfortranarray(numpy.arange(4.0 * LARGE).reshape(4, LARGE))
    first.send_pyobj(array, out_of_band=True)
    got = second.recv_pyobj()
    assert numpy.array_equal(got, array) and got.flags.f_contiguous


def test_protocol_too_old(pair):
    with pytest.raises(ValueError, match="protocol=4"):
        pair[0].send_pyobj(1, protocol=4, out_of_band=True)


def test_one_part_by_default(pair):
    first, second = pair
    first.send_pyobj(numpy.arange(LARGE))
    assert len(second.recv_multipart()) == 1


def test_parts_that_are_no_buffers_are_left(pair):
    first, second = pair
    first.send_pyobj({"a": 1}, zmq.SNDMORE)
    first.send(b"more")
    assert second.recv_pyobj() == {"a": 1}
    assert second.recv() == b"more"


def test_a_failure_between_buffers_drops_the_message(pair):
    first, second = pair
    good = numpy.arange(LARGE)
    first.send_pyobj([good, Unloadable(), good], out_of_band=True)
    first.send(b"the next message")
    with pytest.raises(LookupError):
        second.recv_pyobj()
    assert second.recv() == b"the next message"


class Unloadable:
    def __reduce__(self):
        return fail, ()


def fail():
    raise LookupError("cannot be loaded")
