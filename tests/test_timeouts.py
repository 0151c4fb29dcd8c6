"""Timeouts end no earlier than asked, also when signals arrive meanwhile, and the time left is kept then."""

import signal
import threading
import time

import pytest
from blocking import TRANSFERS

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

# pytest-timeout's default method needs the very timer that these tests use.
pytestmark = pytest.mark.timeout(60, method="thread")

TIMEOUT = 120  # milliseconds, as libzmq wants them

# The alarms stop after so many, which takes 3 seconds or more: a call that begins anew at each of them
# ends then, and fails.
ALARMS = 1000


@pytest.fixture
def waiting(make_socket):
    """A socket without a peer: whatever is asked of it waits."""
    return make_socket(zmq.DEALER, rcvtimeo=TIMEOUT, sndtimeo=TIMEOUT)


@pytest.fixture
def alarms():
    """SIGALRM every 3 ms, with a handler that returns; the value lists the calls."""
    calls = []

    def handler(number, frame):
        calls.append(number)
        if len(calls) == ALARMS:
            signal.setitimer(signal.ITIMER_REAL, 0)

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    yield calls
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)
    # How many come in time depends on when this process has its turns; the first cannot come too late.
    assert 0 < len(calls) < ALARMS


@pytest.fixture(params=["undisturbed", "alarms"])
def disturbance(request):
    """Runs a test twice: left alone, and with signals all the time."""
    if request.param == "alarms":
        request.getfixturevalue("alarms")


def took(call):
    """Milliseconds that a call takes."""
    start = time.monotonic()
    call()
    return (time.monotonic() - start) * 1000


# zmq_poll measures in whole milliseconds of a clock of its own.
EARLY = 2

AGAIN = {
    **TRANSFERS,
    "send_string": lambda s: s.send_string("x"),
}


@pytest.mark.parametrize("name", AGAIN)
def test_socket_timeout(waiting, disturbance, name):
    def call():
        with pytest.raises(zmq.Again):
            AGAIN[name](waiting)

    assert TIMEOUT - EARLY <= took(call) < PATIENCE


def empty_poller(socket, timeout):
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    return poller.poll(timeout)


EMPTY = {
    "Socket.poll": lambda s, timeout: s.poll(timeout),
    "Poller.poll": empty_poller,
    "zmq_poll": lambda s, timeout: zmq.zmq_poll([(s, zmq.POLLIN | zmq.POLLOUT)], timeout),
}


@pytest.mark.parametrize("timeout", [TIMEOUT, TIMEOUT + 0.0], ids=["int", "float"])
@pytest.mark.parametrize("name", EMPTY)
def test_poll_timeout(waiting, disturbance, name, timeout):
    def call():
        assert not EMPTY[name](waiting, timeout)

    assert TIMEOUT - EARLY <= took(call) < PATIENCE


def test_select_counts_in_seconds(waiting, disturbance):
    def call():
        assert zmq.select([waiting], [waiting], [waiting], TIMEOUT / 1000) == ([], [], [])

    assert TIMEOUT - EARLY <= took(call) < PATIENCE


@pytest.mark.parametrize("name", EMPTY)
def test_poll_of_zero_does_not_wait(waiting, name):
    assert not EMPTY[name](waiting, 0)


def test_timeouts_of_zero(make_socket):
    socket = make_socket(zmq.DEALER, rcvtimeo=0, sndtimeo=0)
    with pytest.raises(zmq.Again):
        socket.recv()
    with pytest.raises(zmq.Again):
        socket.send(b"x")


def test_timeout_of_one_call_does_not_shorten_the_next(waiting, alarms):
    for _ in range(2):
        with pytest.raises(zmq.Again):
            waiting.recv()
    assert waiting.rcvtimeo == TIMEOUT

    def call():
        with pytest.raises(zmq.Again):
            waiting.recv()

    assert took(call) >= TIMEOUT - EARLY


@pytest.mark.parametrize("limit", [-1, PATIENCE])
def test_message_that_comes_amid_signals(connected_pair, limit):
    """A handler that runs many times, then sends: the interrupted recv, limited or not, must still get it."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH, rcvtimeo=limit)
    calls = []

    def handler(number, frame):
        calls.append(number)
        if len(calls) == 20:
            push.send(b"at last")

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    try:
        assert pull.recv() == b"at last"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert len(calls) >= 20
    assert pull.rcvtimeo == limit


def test_poll_that_ends_amid_signals(connected_pair, alarms):
    pull, push = connected_pair(zmq.PULL, zmq.PUSH)
    timer = threading.Timer(0.05, push.send, [b"x"])
    timer.start()
    assert pull.poll(PATIENCE) == zmq.POLLIN
    timer.join()
    assert pull.recv() == b"x"


def test_multipart_that_goes_out_amid_signals(make_socket, endpoint_for, alarms):
    push, pull = make_socket(zmq.PUSH, sndtimeo=PATIENCE), make_socket(zmq.PULL, rcvtimeo=PATIENCE)
    push.bind(endpoint_for("inproc"))
    timer = threading.Timer(0.05, pull.connect, [push.last_endpoint.decode()])
    timer.start()
    push.send_multipart([b"a", b"b", b"c"])
    timer.join()
    assert pull.recv_multipart() == [b"a", b"b", b"c"]
