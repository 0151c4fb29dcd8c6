"""Sockets from their making to their closing, and the endpoints they take and give back."""

from __future__ import annotations

import copy
import errno
import pickle
import re
import socket

import pytest

import zmqbind as zmq

PATIENCE = 20_000


@pytest.fixture(autouse=True)
def patience(context):
    """A message that does not come is a failure, not a hang."""
    context.rcvtimeo = context.sndtimeo = PATIENCE
    context.linger = 0


def raises_enotsock(call, *args):
    with pytest.raises(zmq.ZMQError) as caught:
        call(*args)
    assert caught.value.errno == zmq.ENOTSOCK


# Making.


def test_a_socket_of_a_context(context, make_socket):
    sock = make_socket(zmq.PUSH)
    assert type(sock) is zmq.Socket
    assert sock.context is context
    assert not sock.closed
    assert sock.type == sock.socket_type == zmq.PUSH
    assert isinstance(sock.socket_type, zmq.SocketType)


def test_a_socket_made_by_its_class(context):
    with zmq.Socket(context, zmq.PUB) as sock:
        assert sock.context is context
        assert sock.type == zmq.PUB
    with zmq.Socket(context) as sock:
        assert sock.type == zmq.PAIR


@pytest.mark.parametrize("arguments", [(), (None, zmq.PUSH), ("context", zmq.PUSH)])
def test_a_socket_without_a_context(arguments):
    with pytest.raises(TypeError):
        zmq.Socket(*arguments)


@pytest.mark.parametrize("kind", ["PUSH", None])
def test_a_type_that_is_no_number(make_socket, kind):
    with pytest.raises(TypeError):
        make_socket(kind)


def test_a_socket_class_of_ones_own(context):
    class Numbered(zmq.Socket):
        number = None

        def __init__(self, *args, number=0, **kwargs):
            super().__init__(*args, **kwargs)
            self.number = number

    with context.socket(zmq.PUSH, socket_class=Numbered, number=7) as sock:
        assert isinstance(sock, Numbered)
        assert sock.number == 7
        sock.number = 8
        assert sock.number == 8
        with pytest.raises(AttributeError):
            sock.colour = "red"


def test_repr(make_socket):
    sock = make_socket(zmq.PUSH)
    assert re.fullmatch(r"<zmqbind\.Socket\((zmq|zmqbind)\.PUSH\) at 0x[0-9a-f]+>", repr(sock))
    assert "closed" not in repr(sock)
    sock.close()
    assert repr(sock).endswith(" closed>")


def test_a_socket_cannot_be_pickled(make_socket):
    with pytest.raises(TypeError):
        pickle.dumps(make_socket(zmq.PUSH))


# Closing.


def test_close(make_socket):
    sock = make_socket(zmq.PUSH)
    sock.bind("inproc://here")
    sock.close()
    assert sock.closed
    assert not sock.underlying
    sock.close()
    make_socket(zmq.PUSH).close(linger=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.send(b""),
        lambda s: s.recv(),
        lambda s: s.recv_into(bytearray(5)),
        lambda s: s.bind("inproc://x"),
        lambda s: s.connect("inproc://x"),
        lambda s: s.unbind("inproc://x"),
        lambda s: s.disconnect("inproc://x"),
        lambda s: s.bind_to_random_port("tcp://127.0.0.1"),
        lambda s: s.get(zmq.LINGER),
        lambda s: s.set(zmq.LINGER, 0),
        lambda s: s.linger,
        lambda s: setattr(s, "linger", 0),
        lambda s: s.set_hwm(1),
        lambda s: s.get_hwm(),
        lambda s: s.get_string(zmq.LAST_ENDPOINT),
        lambda s: s.subscribe(b"x"),
        lambda s: s.unsubscribe(b"x"),
        lambda s: s.fileno(),
        lambda s: s.poll(0),
    ],
)
def test_calls_on_a_closed_socket(make_socket, call):
    sock = make_socket(zmq.SUB)
    sock.close()
    raises_enotsock(call, sock)


def test_with(context):
    with context.socket(zmq.PUSH) as sock:
        assert not sock.closed
    assert sock.closed
    with pytest.raises(ZeroDivisionError), context.socket(zmq.PUSH) as sock:
        raise ZeroDivisionError
    assert sock.closed


def test_with_closes_what_was_closed_already(context):
    with context.socket(zmq.PUSH) as sock:
        sock.close()
    assert sock.closed


def test_close_with_linger(context, make_socket):
    """What is unsent is dropped after `linger` milliseconds, so the context does not wait for more."""
    sock = make_socket(zmq.PUSH)
    sock.linger = -1
    sock.connect("tcp://127.0.0.1:1")
    sock.send(b"nobody gets this")
    sock.close(linger=0)
    context.term()
    assert context.closed


@pytest.mark.parametrize("linger", ["x", b"1"])
def test_close_with_a_linger_of_another_type(make_socket, linger):
    sock = make_socket(zmq.PUSH)
    with pytest.raises(TypeError):
        sock.close(linger=linger)
    sock.close()


def test_close_delivers_what_was_sent(connected_pair, transport):
    pull, push = connected_pair(zmq.PULL, zmq.PUSH, transport, rcvtimeo=PATIENCE, linger=-1)
    for number in range(100):
        push.send(b"%d" % number)
    push.close()
    assert [pull.recv() for _ in range(100)] == [b"%d" % number for number in range(100)]


# Endpoints.


def last_endpoint(sock):
    return sock.get_string(zmq.LAST_ENDPOINT)


def test_unbind_gives_the_endpoint_free(make_socket, transport, endpoint_for):
    first, second = make_socket(zmq.PULL), make_socket(zmq.PULL)
    first.bind(endpoint_for(transport))
    endpoint = last_endpoint(first)
    if transport != "ipc":  # where the file is simply replaced
        with pytest.raises(zmq.ZMQError) as caught:
            second.bind(endpoint)
        assert caught.value.errno == zmq.EADDRINUSE
    # The I/O thread closes a listener when it gets to it, and says so.
    monitor = first.get_monitor_socket(zmq.EVENT_CLOSED)
    first.unbind(endpoint)
    if transport != "inproc":
        assert monitor.poll(PATIENCE)
    second.bind(endpoint)
    first.disable_monitor()
    monitor.close()


def test_disconnect(make_socket):
    push = make_socket(zmq.PUSH)
    pulls = [make_socket(zmq.PULL) for _ in range(2)]
    for name, pull in enumerate(pulls):
        pull.bind(f"inproc://{name}")
        push.connect(f"inproc://{name}")
    push.disconnect("inproc://0")
    for _ in range(4):
        push.send(b"x")
    assert [pulls[1].recv() for _ in range(4)] == [b"x"] * 4
    assert not pulls[0].poll(0)


@pytest.mark.parametrize("operation", ["unbind", "disconnect"])
@pytest.mark.parametrize("endpoint", ["inproc://never", "tcp://127.0.0.1:9"])
def test_leaving_an_endpoint_that_was_never_taken(make_socket, operation, endpoint):
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(make_socket(zmq.PUSH), operation)(endpoint)
    assert caught.value.errno == errno.ENOENT
    assert endpoint in str(caught.value)


def test_bind_as_a_context_manager(make_socket):
    sock = make_socket(zmq.PULL)
    with sock.bind("inproc://here") as bound:
        assert bound is sock
        with pytest.raises(zmq.ZMQError):
            make_socket(zmq.PULL).bind("inproc://here")
    # It unbinds when it is left, and leaves the socket open.
    assert not sock.closed
    with sock.bind("inproc://here"):
        pass


def test_bind_as_a_context_manager_to_a_port_of_the_systems_choice(make_socket):
    sock, client = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    with sock.bind("tcp://127.0.0.1:*"):
        endpoint = last_endpoint(sock)
        with client.connect(endpoint) as connected:
            assert connected is client
            client.send(b"x")
            assert sock.recv() == b"x"
        with pytest.raises(zmq.ZMQError):
            client.disconnect(endpoint)
    with pytest.raises(zmq.ZMQError):
        sock.unbind(endpoint)


def test_bind_as_a_context_manager_when_the_body_fails(make_socket):
    sock = make_socket(zmq.PULL)
    with pytest.raises(ZeroDivisionError), sock.bind("inproc://here"):
        raise ZeroDivisionError
    sock.bind("inproc://here")


def test_bind_as_a_context_manager_when_the_body_closes(make_socket):
    for enter in ("bind", "connect"):
        sock = make_socket(zmq.PULL)
        with getattr(sock, enter)("inproc://here"):
            sock.close()
        assert sock.closed


def test_the_context_managers_show_their_endpoint(make_socket):
    sock = make_socket(zmq.PULL)
    assert "inproc://here" in repr(sock.bind("inproc://here"))
    assert "inproc://there" in repr(sock.connect("inproc://there"))


# Random ports.


def test_bind_to_random_port(make_socket):
    pull, push = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    port = pull.bind_to_random_port("tcp://127.0.0.1")
    assert isinstance(port, int)
    assert last_endpoint(pull) == f"tcp://127.0.0.1:{port}"
    push.connect(f"tcp://127.0.0.1:{port}")
    push.send(b"x")
    assert pull.recv() == b"x"


def test_bind_to_random_port_within_a_range(make_socket):
    sock = make_socket(zmq.PULL)
    port = sock.bind_to_random_port("tcp://127.0.0.1", min_port=20000, max_port=29000)
    assert 20000 <= port < 29000
    assert last_endpoint(sock) == f"tcp://127.0.0.1:{port}"


def test_bind_to_random_port_when_all_are_taken(make_socket):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(zmq.ZMQBindError):
            make_socket(zmq.PULL).bind_to_random_port("tcp://127.0.0.1", port, port + 1, max_tries=3)


def test_bind_to_random_port_of_an_empty_range(make_socket):
    with pytest.raises(ValueError):
        make_socket(zmq.PULL).bind_to_random_port("tcp://127.0.0.1", 5000, 5000)


def test_bind_to_random_port_where_binding_fails_for_another_reason(make_socket):
    sock = make_socket(zmq.PULL)
    for endpoint in ("carrier-pigeon://loft", "tcp://192.0.2.1"):
        with pytest.raises(zmq.ZMQError) as caught:
            sock.bind_to_random_port(endpoint, min_port=20000, max_port=29000)
        assert endpoint in str(caught.value)


# Shadows and copies.


def test_shadow(make_socket):
    a, b = make_socket(zmq.PAIR), make_socket(zmq.PAIR)
    a.bind("inproc://here")
    b.connect("inproc://here")
    for shadow in (zmq.Socket.shadow(a.underlying), zmq.Socket(a), zmq.Socket(shadow=a.underlying)):
        assert shadow.underlying == a.underlying
        assert shadow.type == zmq.PAIR
        shadow.send(b"through the shadow")
        assert b.recv() == b"through the shadow"
        del shadow
    # What only casts a shadow stays open when the shadow is gone.
    a.send(b"still here")
    assert b.recv() == b"still here"


def test_copies_share_the_socket(make_socket):
    a, b = make_socket(zmq.PAIR), make_socket(zmq.PAIR)
    a.bind("inproc://here")
    b.connect("inproc://here")
    for duplicate in (copy.copy(a), copy.deepcopy(a)):
        assert duplicate is not a
        assert duplicate.underlying == a.underlying
        duplicate.send(b"x")
        assert b.recv() == b"x"
        del duplicate
    a.send(b"still here")
    assert b.recv() == b"still here"


def test_the_shadow_of_a_socket_that_was_closed(make_socket):
    """libzmq would abort or crash; a shadow of a socket that zmqbind knows does not get that far."""
    sock = make_socket(zmq.PAIR)
    shadow = zmq.Socket(sock)
    sock.close()
    raises_enotsock(shadow.send, b"x")
    with pytest.raises((TypeError, zmq.ZMQError)):
        zmq.Socket(sock)


def test_underlying(make_socket):
    first, second = make_socket(zmq.PULL), make_socket(zmq.PULL)
    assert isinstance(first.underlying, int)
    assert first.underlying
    assert first.underlying != second.underlying


def test_fileno(make_socket):
    sock = make_socket(zmq.PULL)
    assert isinstance(sock.fileno(), int)
    assert sock.fileno() == sock.get(zmq.FD) == sock.FD


def test_more_sockets_than_the_maximum():
    with zmq.Context() as context:
        context.max_sockets = 3
        made = [context.socket(zmq.PULL) for _ in range(3)]
        with pytest.raises(zmq.ZMQError) as caught:
            made += [context.socket(zmq.PULL) for _ in range(3)]
        assert caught.value.errno == errno.EMFILE
        for sock in made:
            sock.close()
