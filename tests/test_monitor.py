"""A monitored socket tells of its connections as they come and go."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

import zmqbind as zmq

# Milliseconds; nothing here takes as long.
PATIENCE = 20_000


def read(monitor):
    """The next event: its kind, its value and the endpoint. Its form is in zmq_socket_monitor(3)."""
    assert monitor.poll(PATIENCE), "no event arrived"
    frames = monitor.recv_multipart()
    kind, value = struct.unpack("=Hi", frames[0])
    return zmq.Event(kind), value, frames[1].decode()


def wait_for(monitor, kind):
    """The value and endpoint of the next event of this kind."""
    for _ in range(100):
        found, value, endpoint = read(monitor)
        if found == kind:
            return value, endpoint
    pytest.fail(f"none of 100 events was {kind!r}")


@pytest.fixture
def bound(make_socket):
    """A PULL socket that listens on TCP, and its endpoint."""
    server = make_socket(zmq.PULL)
    server.bind("tcp://127.0.0.1:*")
    return server, server.get_string(zmq.LAST_ENDPOINT)


def test_the_life_of_a_connection(make_socket):
    server, client = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    server_monitor, client_monitor = server.get_monitor_socket(), client.get_monitor_socket()

    server.bind("tcp://127.0.0.1:*")
    endpoint = server.get_string(zmq.LAST_ENDPOINT)
    descriptor, where = wait_for(server_monitor, zmq.EVENT_LISTENING)
    assert where == endpoint
    assert descriptor > 0

    client.connect(endpoint)
    assert wait_for(client_monitor, zmq.EVENT_CONNECTED)[1] == endpoint
    assert wait_for(client_monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED)[1] == endpoint
    assert wait_for(server_monitor, zmq.EVENT_ACCEPTED)[1].startswith("tcp://127.0.0.1:")
    wait_for(server_monitor, zmq.EVENT_HANDSHAKE_SUCCEEDED)

    client.send(b"x")
    assert server.recv() == b"x"
    client.close()
    assert wait_for(client_monitor, zmq.EVENT_MONITOR_STOPPED) == (0, "")
    wait_for(server_monitor, zmq.EVENT_DISCONNECTED)
    server.unbind(endpoint)
    assert wait_for(server_monitor, zmq.EVENT_CLOSED)[1] == endpoint


def test_a_connection_that_nobody_accepts(make_socket, silent_endpoint):
    client = make_socket(zmq.PUSH, reconnect_ivl=10)
    monitor = client.get_monitor_socket()
    client.connect(silent_endpoint)
    assert wait_for(monitor, zmq.EVENT_CONNECT_DELAYED)[1] == silent_endpoint
    assert wait_for(monitor, zmq.EVENT_CLOSED)[1] == silent_endpoint
    interval, where = wait_for(monitor, zmq.EVENT_CONNECT_RETRIED)
    assert where == silent_endpoint
    assert 0 < interval < 1000


def test_a_peer_that_speaks_something_else(bound):
    server, endpoint = bound
    monitor = server.get_monitor_socket()
    host, port = endpoint.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        # The right first bytes of a ZMTP 3 greeting, and then a mechanism that does not exist.
        raw.sendall(b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NONSENSE".ljust(20, b"\0") + bytes(32))
        value, _ = wait_for(monitor, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
    assert value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH


def test_a_bind_that_fails(make_socket, bound):
    other = make_socket(zmq.PULL)
    monitor = other.get_monitor_socket()
    with pytest.raises(zmq.ZMQError):
        other.bind(bound[1])
    number, endpoint = wait_for(monitor, zmq.EVENT_BIND_FAILED)
    assert number == zmq.EADDRINUSE
    # Some libzmq tell the address without its transport.
    assert endpoint
    assert bound[1].endswith(endpoint)


def test_only_the_events_asked_for(make_socket, bound):
    server, endpoint = bound
    monitor = server.get_monitor_socket(events=zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
    client = make_socket(zmq.PUSH)
    client.connect(endpoint)
    client.send(b"x")
    server.recv()
    client.close()
    assert [read(monitor)[0] for _ in range(2)] == [zmq.EVENT_ACCEPTED, zmq.EVENT_DISCONNECTED]


def test_the_monitor_socket_is_made_once(make_socket):
    server = make_socket(zmq.PULL)
    monitor = server.get_monitor_socket()
    assert monitor.type == zmq.PAIR
    assert monitor is not server
    assert server.get_monitor_socket() is monitor


def test_disable_monitor(make_socket, bound):
    server, endpoint = bound
    monitor = server.get_monitor_socket()
    server.disable_monitor()
    with monitor:
        assert wait_for(monitor, zmq.EVENT_MONITOR_STOPPED) == (0, "")
    again = server.get_monitor_socket()
    assert again is not monitor
    client = make_socket(zmq.PUSH)
    client.connect(endpoint)
    with again:
        wait_for(again, zmq.EVENT_ACCEPTED)
        server.disable_monitor()


def test_disable_monitor_that_was_never_enabled(make_socket):
    server = make_socket(zmq.PULL)
    server.disable_monitor()
    server.bind("inproc://here")


def test_monitor_at_an_address_of_ones_own(context, make_socket, bound):
    server, endpoint = bound
    server.monitor("inproc://events", zmq.EVENT_ACCEPTED | zmq.EVENT_MONITOR_STOPPED)
    monitor = make_socket(zmq.PAIR)
    monitor.connect("inproc://events")
    client = make_socket(zmq.PUSH)
    client.connect(endpoint)
    assert read(monitor)[0] == zmq.EVENT_ACCEPTED
    server.monitor(None, 0)
    assert read(monitor)[0] == zmq.EVENT_MONITOR_STOPPED


def test_get_monitor_socket_at_an_address(make_socket, bound):
    server, endpoint = bound
    monitor = server.get_monitor_socket(addr="inproc://my-events")
    assert monitor.get_string(zmq.LAST_ENDPOINT) == "inproc://my-events"
    client = make_socket(zmq.PUSH)
    client.connect(endpoint)
    wait_for(monitor, zmq.EVENT_ACCEPTED)


def test_monitors_are_inproc_only(make_socket):
    with pytest.raises(zmq.ZMQError, match=r"tcp://127\.0\.0\.1:1") as caught:
        make_socket(zmq.PULL).monitor("tcp://127.0.0.1:1", zmq.EVENT_ALL)
    assert caught.value.errno == zmq.EPROTONOSUPPORT


@pytest.mark.parametrize("address", [5, ["inproc://x"]])
def test_an_address_that_is_no_string(make_socket, address):
    with pytest.raises(TypeError):
        make_socket(zmq.PULL).monitor(address, zmq.EVENT_ALL)


def test_a_closed_socket(make_socket):
    server = make_socket(zmq.PULL)
    server.close()
    for call in (
        lambda: server.monitor("inproc://x", zmq.EVENT_ALL),
        server.get_monitor_socket,
        server.disable_monitor,
    ):
        with pytest.raises(zmq.ZMQError) as caught:
            call()
        assert caught.value.errno == zmq.ENOTSOCK


def test_a_socket_that_is_no_longer_monitored_works_on(make_socket, bound):
    server, endpoint = bound
    monitor = server.get_monitor_socket()
    server.disable_monitor()
    monitor.close()
    client = make_socket(zmq.PUSH)
    client.connect(endpoint)
    client.send(b"x")
    assert server.poll(PATIENCE)
    assert server.recv() == b"x"


def test_closing_a_monitored_socket_ends_its_monitor(make_socket):
    server = make_socket(zmq.PULL)
    monitor = server.get_monitor_socket()
    server.close()
    assert read(monitor)[0] == zmq.EVENT_MONITOR_STOPPED


def test_all_events_have_names():
    for event in zmq.Event:
        name = event.name if event.name.startswith("PROTOCOL_ERROR_") else f"EVENT_{event.name}"
        assert getattr(zmq, name) == event


def test_monitor_that_cannot_be_made_leaves_the_socket_working(context, raises_errno):
    context.max_sockets = 1
    with context.socket(zmq.PUSH) as socket:
        with raises_errno(errno.EMFILE):
            socket.get_monitor_socket()
        socket.bind("tcp://127.0.0.1:*")  # would wait for somebody to take its event
