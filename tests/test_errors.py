"""Exceptions: their hierarchy, error numbers and texts, and the errors of the wrong state."""

import errno
import os
import pickle

import pytest

import zmqbind as zmq


def test_hierarchy():
    assert issubclass(zmq.ZMQBaseError, Exception)
    for error in (zmq.ZMQError, zmq.ZMQBindError, zmq.NotDone):
        assert issubclass(error, zmq.ZMQBaseError)
    for error in (zmq.Again, zmq.ContextTerminated, zmq.error.InterruptedSystemCall):
        assert issubclass(error, zmq.ZMQError)
    assert issubclass(zmq.ZMQVersionError, NotImplementedError)
    assert issubclass(zmq.InterruptedSystemCall, InterruptedError)


@pytest.mark.parametrize(
    "error, number",
    [(zmq.Again, zmq.EAGAIN), (zmq.ContextTerminated, zmq.ETERM), (zmq.InterruptedSystemCall, errno.EINTR)],
)
def test_errors_with_a_fixed_number(error, number):
    assert error().errno == number
    assert error().strerror == zmq.strerror(number)
    assert str(error()).startswith(zmq.strerror(number))


def test_zmqerror_from_a_number():
    error = zmq.ZMQError(zmq.EAGAIN)
    assert (error.errno, error.strerror) == (zmq.EAGAIN, os.strerror(errno.EAGAIN))
    assert str(error) == os.strerror(errno.EAGAIN)
    assert repr(error) == f"ZMQError('{os.strerror(errno.EAGAIN)}')"


def test_zmqerror_from_a_number_and_a_text():
    error = zmq.ZMQError(zmq.EINVAL, "what was wrong")
    assert (error.errno, error.strerror, str(error)) == (zmq.EINVAL, "what was wrong", "what was wrong")


def test_zmqerror_from_a_text():
    error = zmq.ZMQError("what was wrong")
    assert (error.errno, str(error)) == (None, "what was wrong")


@pytest.mark.parametrize("error", [zmq.ZMQError(zmq.EFSM), zmq.ZMQError(zmq.EINVAL, "why"), zmq.Again()])
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.errno, again.strerror) == (error.errno, error.strerror)


def test_version_error_names_the_feature_and_both_versions():
    text = str(zmq.ZMQVersionError("99.1", "time travel"))
    assert "time travel" in text
    assert "99.1" in text
    assert zmq.zmq_version() in text


def test_strerror():
    assert zmq.strerror(errno.ENOENT) == os.strerror(errno.ENOENT)
    assert "terminated" in zmq.strerror(zmq.ETERM)


def test_errno_enum_holds_libzmq_and_system_numbers():
    assert zmq.Errno.EAGAIN == errno.EAGAIN
    assert zmq.Errno.EFSM == zmq.EFSM > 156384712
    assert zmq.Errno(zmq.ETERM) is zmq.Errno.ETERM


def test_req_must_send_before_it_receives(connected_pair):
    req, rep = connected_pair(zmq.REQ, zmq.REP)
    with pytest.raises(zmq.ZMQError) as caught:
        req.recv()
    assert caught.value.errno == zmq.EFSM
    req.send(b"question")
    with pytest.raises(zmq.ZMQError) as caught:
        req.send(b"another question")
    assert caught.value.errno == zmq.EFSM
    assert rep.recv() == b"question"
    rep.send(b"answer")
    assert req.recv() == b"answer"


def test_rep_must_receive_before_it_sends(connected_pair):
    _, rep = connected_pair(zmq.REQ, zmq.REP)
    with pytest.raises(zmq.ZMQError) as caught:
        rep.send(b"answer to nothing")
    assert caught.value.errno == zmq.EFSM


@pytest.mark.parametrize("call", [lambda s: s.recv(), lambda s: s.recv(zmq.DONTWAIT), lambda s: s.recv_multipart()])
def test_receiving_on_a_socket_that_only_sends(make_socket, call):
    with pytest.raises(zmq.ZMQError) as caught:
        call(make_socket(zmq.PUSH))
    assert caught.value.errno == zmq.ENOTSUP


@pytest.mark.parametrize("call", [lambda s: s.send(b"x"), lambda s: s.send_multipart([b"x", b"y"])])
def test_sending_on_a_socket_that_only_receives(make_socket, call):
    with pytest.raises(zmq.ZMQError) as caught:
        call(make_socket(zmq.PULL))
    assert caught.value.errno == zmq.ENOTSUP


def test_unroutable_message_to_a_mandatory_router(make_socket):
    router = make_socket(zmq.ROUTER, router_mandatory=1)
    with pytest.raises(zmq.ZMQError) as caught:
        router.send_multipart([b"nobody", b"hello"])
    assert caught.value.errno == zmq.EHOSTUNREACH


def test_dontwait_raises_again(connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL)
    with pytest.raises(zmq.Again) as caught:
        pull.recv(zmq.DONTWAIT)
    assert caught.value.errno == zmq.EAGAIN
    push.send(b"x")
    assert pull.recv(zmq.DONTWAIT) == b"x"
