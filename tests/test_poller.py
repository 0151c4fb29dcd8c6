"""Poller, zmq_poll, select and Socket.poll: sockets, descriptors and objects with fileno()."""

import os
import socket as sockets
import sys

import pytest

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000


@pytest.fixture
def pair(connected_pair):
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE)


@pytest.fixture
def pipe():
    """A pipe of the system, as two descriptors: (to read, to write)."""
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            pass  # the test has closed it


@pytest.fixture
def ready(make_socket, endpoint_for):
    """``ready(count)``: that many PULL sockets, each with a message to read."""

    def make(count):
        result = []
        for _ in range(count):
            pull, push = make_socket(zmq.PULL), make_socket(zmq.PUSH)
            pull.bind(endpoint_for("inproc"))
            push.connect(pull.last_endpoint.decode())
            push.send(b"x")
            result.append(pull)
        return result

    return make


def test_ready_socket(pair):
    a, b = pair
    poller = zmq.Poller()
    poller.register(a, zmq.POLLIN)
    poller.register(b, zmq.POLLIN)
    assert poller.poll(0) == []
    a.send(b"x")
    assert poller.poll(PATIENCE) == [(b, zmq.POLLIN)]
    assert dict(poller.poll(PATIENCE)) == {b: zmq.POLLIN}
    assert b.recv() == b"x"
    assert poller.poll(0) == []


def test_events_are_plain_integers(pair):
    poller = zmq.Poller()
    poller.register(pair[0])
    [(_, events)] = poller.poll(0)
    assert type(events) is int


def test_default_flags_are_in_and_out(pair):
    a, b = pair
    poller = zmq.Poller()
    poller.register(a)
    assert poller.poll(0) == [(a, zmq.POLLOUT)]
    b.send(b"x")
    assert a.poll(PATIENCE) == zmq.POLLIN
    assert poller.poll(0) == [(a, zmq.POLLIN | zmq.POLLOUT)]


def test_results_come_in_order_of_registration(ready, pipe):
    a, b, c, d = ready(4)
    poller = zmq.Poller()
    for item in (c, pipe[1], a, d, b):
        poller.register(item)
    out = zmq.POLLOUT
    expected = [(c, zmq.POLLIN), (pipe[1], out), (a, zmq.POLLIN), (d, zmq.POLLIN), (b, zmq.POLLIN)]
    assert poller.poll(PATIENCE) == expected


def test_order_after_changes(ready):
    a, b, c = ready(3)
    poller = zmq.Poller()
    for socket in (a, b, c):
        poller.register(socket, zmq.POLLIN)
    poller.modify(a, zmq.POLLIN | zmq.POLLOUT)
    assert [socket for socket, _ in poller.poll(PATIENCE)] == [a, b, c]
    poller.unregister(b)
    assert [socket for socket, _ in poller.poll(PATIENCE)] == [a, c]
    poller.register(b, zmq.POLLIN)
    assert [socket for socket, _ in poller.poll(PATIENCE)] == [a, c, b]
    poller.unregister(a)
    assert [socket for socket, _ in poller.poll(PATIENCE)] == [c, b]
    poller.register(a, zmq.POLLIN)
    assert [socket for socket, _ in poller.poll(PATIENCE)] == [c, b, a]


def test_many_sockets_come_and_go(ready):
    """Each removal must leave the others registered, and under their own names."""
    left = ready(40)
    poller = zmq.Poller()
    for socket in left:
        poller.register(socket, zmq.POLLIN)
    while left:
        assert [socket for socket, _ in poller.poll(PATIENCE)] == left
        gone = left.pop(len(left) * 2 // 3)
        poller.unregister(gone)
        assert gone not in poller
        assert all(socket in poller for socket in left)
    assert poller.poll(0) == []


def test_registering_again_replaces_the_flags(pair):
    poller = zmq.Poller()
    poller.register(pair[0], zmq.POLLIN)
    poller.register(pair[0], zmq.POLLOUT)
    assert poller.poll(0) == [(pair[0], zmq.POLLOUT)]
    assert poller.sockets == [(pair[0], zmq.POLLOUT)]


def test_modify(pair):
    poller = zmq.Poller()
    poller.register(pair[0], zmq.POLLIN)
    poller.modify(pair[0], zmq.POLLOUT)
    assert poller.poll(0) == [(pair[0], zmq.POLLOUT)]
    poller.modify(pair[0], zmq.POLLIN)
    assert poller.poll(0) == []


def test_registering_for_nothing_unregisters(pair):
    poller = zmq.Poller()
    poller.register(pair[0], zmq.POLLOUT)
    poller.register(pair[0], 0)
    assert pair[0] not in poller
    assert poller.poll(0) == []
    poller.register(pair[0], 0)
    assert pair[0] not in poller


def test_contains(pair, pipe):
    poller = zmq.Poller()
    poller.register(pair[0])
    poller.register(pipe[0])
    assert pair[0] in poller
    assert pipe[0] in poller
    assert pair[1] not in poller
    assert pipe[1] not in poller
    poller.unregister(pair[0])
    poller.unregister(pipe[0])
    assert pair[0] not in poller
    assert pipe[0] not in poller


def test_sockets_lists_what_is_registered(pair, pipe):
    poller = zmq.Poller()
    assert poller.sockets == []
    poller.register(pair[0], zmq.POLLIN)
    poller.register(pipe[0], zmq.POLLOUT)
    assert poller.sockets == [(pair[0], zmq.POLLIN), (pipe[0], zmq.POLLOUT)]


def test_unregistering_what_is_not_registered(pair, pipe):
    poller = zmq.Poller()
    for item in (pair[0], pipe[0], "nothing"):
        with pytest.raises(KeyError):
            poller.unregister(item)


def test_poll_of_nothing():
    assert zmq.Poller().poll(0) == []
    assert zmq.zmq_poll([], 0) == []


def test_poll_waits_for_what_another_process_sends(make_socket, start_python):
    pull = make_socket(zmq.PULL)
    pull.bind("tcp://127.0.0.1:*")
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    start_python(
        """
        import sys
        import zmqbind as zmq
        with zmq.Context() as context, context.socket(zmq.PUSH) as push:
            push.connect(sys.argv[1])
            push.send(b"x")
        """,
        pull.last_endpoint.decode(),
    )
    assert poller.poll() == [(pull, zmq.POLLIN)]
    assert pull.recv() == b"x"


# descriptors


def test_descriptors(pipe):
    reading, writing = pipe
    poller = zmq.Poller()
    poller.register(reading, zmq.POLLIN)
    poller.register(writing, zmq.POLLOUT)
    assert poller.poll(0) == [(writing, zmq.POLLOUT)]
    os.write(writing, b"x")
    assert poller.poll(PATIENCE) == [(reading, zmq.POLLIN), (writing, zmq.POLLOUT)]


def test_closed_peer_of_a_descriptor(pipe):
    reading, writing = pipe
    poller = zmq.Poller()
    poller.register(writing, zmq.POLLERR)
    assert poller.poll(0) == []
    os.close(reading)
    assert poller.poll(PATIENCE) == [(writing, zmq.POLLERR)]


def test_object_with_fileno():
    """Results name its descriptor, as those of PyZMQ do."""
    ours, theirs = sockets.socketpair()
    with ours, theirs:
        poller = zmq.Poller()
        poller.register(ours, zmq.POLLIN)
        assert ours in poller
        assert poller.poll(0) == []
        theirs.send(b"x")
        assert poller.poll(PATIENCE) == [(ours.fileno(), zmq.POLLIN)]
        poller.modify(ours, zmq.POLLOUT)
        assert poller.poll(PATIENCE) == [(ours.fileno(), zmq.POLLOUT)]
        poller.unregister(ours)
        assert ours not in poller


def test_sockets_and_descriptors_together(pair, pipe):
    poller = zmq.Poller()
    poller.register(pipe[0], zmq.POLLIN)
    poller.register(pair[0], zmq.POLLIN)
    assert poller.poll(0) == []
    pair[1].send(b"x")
    os.write(pipe[1], b"x")
    assert pair[0].poll(PATIENCE)
    assert poller.poll(0) == [(pipe[0], zmq.POLLIN), (pair[0], zmq.POLLIN)]


@pytest.mark.parametrize("item", ["text", None, 1.5], ids=repr)
def test_what_cannot_be_polled(item):
    with pytest.raises(TypeError):
        poller = zmq.Poller()
        poller.register(item)
        poller.poll(0)
    with pytest.raises(TypeError):
        zmq.zmq_poll([(item, zmq.POLLIN)], 0)


@pytest.mark.parametrize("timeout", ["1", object()])
def test_timeout_of_the_wrong_type(pair, timeout):
    poller = zmq.Poller()
    poller.register(pair[0], zmq.POLLIN)
    for poll in (poller.poll, pair[0].poll):
        with pytest.raises(TypeError):
            poll(timeout)


# closed sockets


def test_closed_socket_in_a_poller(pair, raises_errno):
    poller = zmq.Poller()
    for socket in pair:
        poller.register(socket, zmq.POLLIN)
    pair[0].close()
    for timeout in (0, PATIENCE):
        with raises_errno(zmq.ENOTSOCK):
            poller.poll(timeout)
    assert pair[0] in poller
    poller.unregister(pair[0])
    assert poller.poll(0) == []


def test_registering_a_closed_socket(pair, raises_errno):
    pair[0].close()
    poller = zmq.Poller()
    with raises_errno(zmq.ENOTSOCK):
        poller.register(pair[0], zmq.POLLIN)
        poller.poll(0)


def test_closed_socket_in_zmq_poll_and_select(pair, raises_errno):
    pair[0].close()
    with raises_errno(zmq.ENOTSOCK):
        zmq.zmq_poll([(pair[1], zmq.POLLIN), (pair[0], zmq.POLLIN)], 0)
    for lists in ([pair[0]], [], []), ([], [pair[0]], []):
        with raises_errno(zmq.ENOTSOCK):
            zmq.select(*lists, 0)


def test_poller_keeps_its_sockets(context):
    socket = context.socket(zmq.PULL)
    count = sys.getrefcount(socket)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    assert sys.getrefcount(socket) > count
    for _ in range(100):
        poller.poll(0)
    poller.unregister(socket)
    assert sys.getrefcount(socket) == count
    poller.register(socket, zmq.POLLIN)
    del poller
    assert sys.getrefcount(socket) == count
    socket.close()


# functions


def test_zmq_poll(pair, pipe):
    a, b = pair
    a.send(b"x")
    assert b.poll(PATIENCE)
    items = [(a, zmq.POLLIN), (pipe[1], zmq.POLLOUT), (b, zmq.POLLIN)]
    assert zmq.zmq_poll(items, 0) == [(pipe[1], zmq.POLLOUT), (b, zmq.POLLIN)]
    assert zmq.zmq_poll(items) == [(pipe[1], zmq.POLLOUT), (b, zmq.POLLIN)]


def test_select(pair, pipe):
    a, b = pair
    assert zmq.select([a, b], [a, pipe[1]], [a], 0) == ([], [a, pipe[1]], [])
    a.send(b"x")
    assert zmq.select([a, b], [], [], PATIENCE / 1000) == ([b], [], [])
    assert zmq.select([a, b], [], []) == ([b], [], [])
    assert zmq.select([], [], [], 0) == ([], [], [])


def test_socket_poll(pair):
    a, b = pair
    assert a.poll(0) == 0
    assert a.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    assert a.poll(0, zmq.POLLIN | zmq.POLLOUT) == zmq.POLLOUT
    b.send(b"x")
    assert a.poll() == zmq.POLLIN
    assert a.poll(timeout=PATIENCE, flags=zmq.POLLIN | zmq.POLLOUT) == zmq.POLLIN | zmq.POLLOUT
    assert type(a.poll(0)) is int


def test_socket_poll_out_of_a_full_socket(connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, hwm=1)
    while push.poll(0, zmq.POLLOUT):
        push.send(b"x")
    with pytest.raises(zmq.Again):
        push.send(b"x", zmq.DONTWAIT)
    pull.recv()
    assert push.poll(PATIENCE, zmq.POLLOUT) == zmq.POLLOUT
