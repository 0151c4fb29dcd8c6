"""tcp, ipc and inproc carry messages; whatever else comes back as libzmq's refusal, naming the endpoint."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys

import pytest

import zmqbind as zmq


@pytest.fixture(autouse=True)
def patience(context):
    """A message that does not come is a failure, not a hang."""
    context.rcvtimeo = 20_000


def exchange(make_socket, endpoint):
    """One message each way between a socket bound to `endpoint` and one connected to it."""
    server, client = make_socket(zmq.PAIR), make_socket(zmq.PAIR)
    server.bind(endpoint)
    actual = server.get_string(zmq.LAST_ENDPOINT)
    client.connect(actual)
    client.send(b"there")
    assert server.recv() == b"there"
    server.send(b"and back")
    assert client.recv() == b"and back"
    return actual


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_tcp_with_a_port_of_the_systems_choice(make_socket):
    actual = exchange(make_socket, "tcp://127.0.0.1:*")
    assert actual.startswith("tcp://127.0.0.1:")
    assert 0 < int(actual.rpartition(":")[2]) < 65536


def test_tcp_by_name(make_socket):
    server, client = make_socket(zmq.PAIR), make_socket(zmq.PAIR)
    port = server.bind_to_random_port("tcp://127.0.0.1")
    client.connect(f"tcp://localhost:{port}")
    client.send(b"x")
    assert server.recv() == b"x"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_tcp_over_ipv6(context, make_socket):
    context.ipv6 = True
    assert exchange(make_socket, "tcp://[::1]:*").startswith("tcp://[::1]:")


def test_tcp_connects_before_anyone_binds(make_socket, silent_endpoint):
    client, server = make_socket(zmq.PUSH, reconnect_ivl=10), make_socket(zmq.PULL)
    client.connect(silent_endpoint)
    client.send(b"early")
    server.bind(silent_endpoint)
    assert server.recv() == b"early"


def test_ipc_file(make_socket, tmp_path):
    path = tmp_path / "socket"
    assert exchange(make_socket, f"ipc://{path}") == f"ipc://{path}"
    assert stat.S_ISSOCK(os.stat(path).st_mode)


def test_ipc_with_a_path_that_is_not_ascii(make_socket, tmp_path):
    exchange(make_socket, f"ipc://{tmp_path}/zäh")


def test_ipc_wildcard(make_socket):
    assert exchange(make_socket, "ipc://*").startswith("ipc://")


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names exist on Linux only")
def test_ipc_abstract_name(make_socket, tmp_path):
    name = f"zmqbind-{os.getpid()}-{tmp_path.name}"
    exchange(make_socket, f"ipc://@{name}")
    assert not os.path.exists(name)
    assert not os.path.exists(f"@{name}")


def test_ipc_path_of_the_greatest_length(make_socket, tmp_path):
    directory = f"{tmp_path}/"
    exchange(make_socket, "ipc://" + directory + "x" * (zmq.IPC_PATH_MAX_LEN - len(directory)))


@pytest.mark.parametrize("operation", ["bind", "connect"])
def test_ipc_path_too_long(make_socket, operation):
    path = "/" + "x" * zmq.IPC_PATH_MAX_LEN
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(make_socket(zmq.PAIR), operation)(f"ipc://{path}")
    assert caught.value.errno == errno.ENAMETOOLONG
    assert path in str(caught.value)
    assert str(zmq.IPC_PATH_MAX_LEN) in str(caught.value)


def test_inproc(make_socket, tmp_path):
    exchange(make_socket, f"inproc://{tmp_path}")


def test_inproc_connects_before_anyone_binds(make_socket):
    client, server = make_socket(zmq.PUSH), make_socket(zmq.PULL)
    client.connect("inproc://later")
    client.send(b"early")
    server.bind("inproc://later")
    assert server.recv() == b"early"


def test_inproc_stays_within_a_context(make_socket):
    mine = make_socket(zmq.PULL)
    mine.bind("inproc://here")
    with zmq.Context() as other, other.socket(zmq.PULL) as theirs:
        theirs.bind("inproc://here")


def test_one_socket_on_several_transports(make_socket, tmp_path):
    server = make_socket(zmq.PULL)
    endpoints = []
    for endpoint in ("tcp://127.0.0.1:*", f"ipc://{tmp_path}/a", "inproc://a"):
        server.bind(endpoint)
        endpoints.append(server.get_string(zmq.LAST_ENDPOINT))
    for endpoint in endpoints:
        client = make_socket(zmq.PUSH)
        client.connect(endpoint)
        client.send_string(endpoint)
    assert {server.recv_string() for _ in endpoints} == set(endpoints)


@pytest.mark.parametrize("operation", ["bind", "connect"])
@pytest.mark.parametrize(
    ("endpoint", "number"),
    [
        ("", zmq.EINVAL),
        ("nonsense", zmq.EINVAL),
        ("tcp://", zmq.EINVAL),
        ("inproc://", zmq.EINVAL),
        ("tcp:/127.0.0.1:1", zmq.EINVAL),
        ("tcp://127.0.0.1", zmq.EINVAL),
        ("tcp://127.0.0.1:port", zmq.EINVAL),
        ("tcp://127.0.0.1:65536", zmq.EINVAL),
        ("tcp://127.0.0.1:99999", zmq.EINVAL),
        ("tcp://127.0.0.1:-1", zmq.EINVAL),
        ("tcp://[::1]:99999", zmq.EINVAL),
        ("carrier-pigeon://loft", zmq.EPROTONOSUPPORT),
    ],
)
def test_malformed_endpoint(make_socket, operation, endpoint, number):
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(make_socket(zmq.PAIR), operation)(endpoint)
    assert caught.value.errno == number
    assert repr(endpoint) in str(caught.value)


# In turn: a transport that libzmq was built without, one that does not fit the socket's type, a malformed
# address of one that it has, and TIPC where the kernel does not have it.
REFUSED = (zmq.EPROTONOSUPPORT, zmq.ENOCOMPATPROTO, zmq.EINVAL, zmq.EAGAIN)


@pytest.mark.parametrize("operation", ["bind", "connect"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "udp://127.0.0.1:5555",
        "ws://127.0.0.1",
        "wss://127.0.0.1",
        "tipc://no-such-thing",
        "pgm://no-such-interface",
        "epgm://no-such-interface",
        "norm://no-such-thing",
        "vmci://no-such-thing",
    ],
)
def test_a_transport_that_libzmq_refuses(make_socket, operation, endpoint):
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(make_socket(zmq.PAIR), operation)(endpoint)
    assert caught.value.errno in REFUSED
    assert repr(endpoint) in str(caught.value)


def test_address_in_use(make_socket):
    first, second = make_socket(zmq.PULL), make_socket(zmq.PULL)
    first.bind("tcp://127.0.0.1:*")
    endpoint = first.get_string(zmq.LAST_ENDPOINT)
    with pytest.raises(zmq.ZMQError) as caught:
        second.bind(endpoint)
    assert caught.value.errno == zmq.EADDRINUSE
    assert endpoint in str(caught.value)


def test_inproc_name_in_use(make_socket):
    first = make_socket(zmq.PULL)
    first.bind("inproc://taken")
    with pytest.raises(zmq.ZMQError, match="inproc://taken") as caught:
        make_socket(zmq.PULL).bind("inproc://taken")
    assert caught.value.errno == zmq.EADDRINUSE


def test_a_directory_that_does_not_exist(make_socket, tmp_path):
    endpoint = f"ipc://{tmp_path}/missing/socket"
    with pytest.raises(zmq.ZMQError, match="missing/socket"):
        make_socket(zmq.PULL).bind(endpoint)


def test_an_address_that_is_not_ours(make_socket):
    with pytest.raises(zmq.ZMQError, match=r"192\.0\.2\.1") as caught:
        make_socket(zmq.PULL).bind("tcp://192.0.2.1:5555")
    assert caught.value.errno in (errno.ENODEV, errno.EADDRNOTAVAIL)


def test_a_refused_endpoint_leaves_the_socket_usable(make_socket):
    server, client = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    for operation in (server.bind, client.connect):
        with pytest.raises(zmq.ZMQError):
            operation("carrier-pigeon://loft")
    server.bind("inproc://a")
    client.connect("inproc://a")
    client.send(b"x")
    assert server.recv() == b"x"


@pytest.mark.parametrize("operation", ["bind", "connect", "unbind", "disconnect"])
@pytest.mark.parametrize("endpoint", [None, 5555, ["tcp://127.0.0.1:5555"]])
def test_an_endpoint_that_is_no_string(make_socket, operation, endpoint):
    with pytest.raises(TypeError):
        getattr(make_socket(zmq.PAIR), operation)(endpoint)


@pytest.mark.parametrize("operation", ["bind", "connect"])
def test_an_endpoint_with_a_nul_character(make_socket, operation):
    """libzmq would read the endpoint only up to the NUL, and so use another one than was asked for."""
    with pytest.raises((zmq.ZMQError, ValueError)):
        getattr(make_socket(zmq.PAIR), operation)("inproc://a\0b")


def test_an_endpoint_of_bytes(make_socket):
    server, client = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    server.bind(b"inproc://a")
    client.connect(b"inproc://a")
    client.send(b"x")
    assert server.recv() == b"x"
