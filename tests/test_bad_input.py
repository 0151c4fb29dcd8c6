"""Misuse raises, at once, an error that says what was wrong."""

import errno
import re

import pytest

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

NOT_BYTES = [None, "text", 1, 1.5, object(), [b"x"]]
STRIDED = memoryview(b"abcdef")[::2]


@pytest.fixture
def pair(connected_pair):
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE, sndtimeo=PATIENCE)


def assert_nothing_was_sent(sender, receiver):
    sender.send(b"after")
    assert receiver.recv_multipart() == [b"after"]


# payloads


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("payload", NOT_BYTES, ids=lambda value: type(value).__name__)
def test_sending_what_is_not_bytes(pair, payload, copy):
    with pytest.raises(TypeError, match=rf"\b{type(payload).__name__}\b"):
        pair[0].send(payload, copy=copy)
    assert_nothing_was_sent(*pair)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("payload", NOT_BYTES, ids=lambda value: type(value).__name__)
def test_no_part_is_sent_if_one_is_not_bytes(pair, payload, position, copy):
    parts = [b"first", bytearray(b"second")]
    parts.insert(position, payload)
    with pytest.raises(TypeError, match=rf"\b{type(payload).__name__}\b"):
        pair[0].send_multipart(parts, copy=copy)
    assert_nothing_was_sent(*pair)


@pytest.mark.parametrize("copy", [True, False])
def test_sending_a_buffer_that_is_not_contiguous(pair, copy):
    with pytest.raises(BufferError):
        pair[0].send(STRIDED, copy=copy)
    assert_nothing_was_sent(*pair)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_no_part_is_sent_if_one_is_not_contiguous(pair, position, copy):
    parts = [b"first", b"second"]
    parts.insert(position, STRIDED)
    with pytest.raises(BufferError):
        pair[0].send_multipart(parts, copy=copy)
    assert_nothing_was_sent(*pair)


@pytest.mark.parametrize("copy", [True, False])
def test_sending_an_array_that_is_not_contiguous(pair, copy):
    numpy = pytest.importorskip("numpy")
    with pytest.raises(BufferError):
        pair[0].send(numpy.arange(10)[::2], copy=copy)
    assert_nothing_was_sent(*pair)


def test_send_string_of_what_is_not_str(pair):
    with pytest.raises(TypeError):
        pair[0].send_string(b"bytes")
    assert_nothing_was_sent(*pair)


def test_a_bad_part_does_not_end_a_message_begun_with_sndmore(pair):
    sender, receiver = pair
    sender.send(b"one", zmq.SNDMORE)
    with pytest.raises(TypeError):
        sender.send(None)
    sender.send(b"two")
    assert receiver.recv_multipart() == [b"one", b"two"]


# options


WRONG_TYPE = [
    ("LINGER", "1"),
    ("LINGER", b"1"),
    ("LINGER", 1.5),
    ("LINGER", None),
    ("MAXMSGSIZE", "1"),
    ("IPV6", "yes"),
    ("ROUTING_ID", 1),
    ("ROUTING_ID", "text"),
    ("ROUTING_ID", None),
    ("PLAIN_USERNAME", 1),
]
OUT_OF_RANGE = [
    ("LINGER", 2**31),
    ("LINGER", -(2**31) - 1),
    ("RCVHWM", 2**100),
    ("MAXMSGSIZE", 2**63),
    ("MAXMSGSIZE", -(2**63) - 1),
    ("AFFINITY", 2**64),
]
REFUSED = [
    ("LINGER", -7),
    ("SNDHWM", -1),
    ("IPV6", 2),
    ("RCVTIMEO", -2),
    ("ROUTING_ID", b""),
    ("ROUTING_ID", b"x" * 256),
]
READ_ONLY = ["FD", "EVENTS", "TYPE", "MECHANISM", "RCVMORE", "LAST_ENDPOINT", "THREAD_SAFE"]


def set_by_set(target, name, value):
    target.set(getattr(zmq, name), value)


def set_by_setsockopt(target, name, value):
    target.setsockopt(int(getattr(zmq, name)), value)


def set_by_attribute(target, name, value):
    setattr(target, name.lower(), value)


def set_by_upper_attribute(target, name, value):
    setattr(target, name.upper(), value)


every_way = pytest.mark.parametrize(
    "set_option", [set_by_set, set_by_setsockopt, set_by_attribute, set_by_upper_attribute]
)


def naming(name):
    return rf"(?i)\b(zmq_)?{name}\b"


@every_way
@pytest.mark.parametrize("name, value", WRONG_TYPE)
def test_option_of_the_wrong_type(make_socket, set_option, name, value):
    with pytest.raises(TypeError, match=naming(name)):
        set_option(make_socket(zmq.DEALER), name, value)


@every_way
@pytest.mark.parametrize("name, value", OUT_OF_RANGE)
def test_option_out_of_the_range_of_its_c_type(make_socket, set_option, name, value):
    with pytest.raises(OverflowError, match=naming(name)):
        set_option(make_socket(zmq.DEALER), name, value)


@every_way
@pytest.mark.parametrize("name, value", REFUSED)
def test_option_value_that_libzmq_refuses(make_socket, set_option, name, value, raises_errno):
    with raises_errno(zmq.EINVAL, naming(name)):
        set_option(make_socket(zmq.DEALER), name, value)


@every_way
@pytest.mark.parametrize("name", READ_ONLY)
def test_option_that_is_read_only(make_socket, set_option, name, raises_errno):
    value = b"x" if name == "LAST_ENDPOINT" else 1
    with raises_errno(zmq.EINVAL, naming(name)):
        set_option(make_socket(zmq.DEALER), name, value)


@pytest.mark.parametrize("value", [1, b"x"])
def test_setting_an_unknown_option(make_socket, value, raises_errno):
    for setter in ("set", "setsockopt"):
        with raises_errno(zmq.EINVAL, "9999"):
            getattr(make_socket(zmq.DEALER), setter)(9999, value)


def test_getting_an_unknown_option(make_socket, raises_errno):
    for getter in ("get", "getsockopt"):
        with raises_errno(zmq.EINVAL, "9999"):
            getattr(make_socket(zmq.DEALER), getter)(9999)


@pytest.mark.parametrize("option", ["LINGER", None, b"x"], ids=lambda value: type(value).__name__)
def test_an_option_is_a_number(make_socket, option):
    socket = make_socket(zmq.DEALER)
    with pytest.raises(TypeError):
        socket.set(option, 1)
    with pytest.raises(TypeError):
        socket.get(option)


def test_getting_a_write_only_option(make_socket, raises_errno):
    with raises_errno(zmq.EINVAL, naming("SUBSCRIBE")):
        make_socket(zmq.SUB).get(zmq.SUBSCRIBE)
    with pytest.raises(AttributeError, match=naming("router_mandatory")):
        _ = make_socket(zmq.ROUTER).router_mandatory


def test_option_of_another_socket_type(make_socket, raises_errno):
    with raises_errno(zmq.EINVAL, naming("SUBSCRIBE")):
        make_socket(zmq.PUSH).set(zmq.SUBSCRIBE, b"topic")


@pytest.mark.parametrize("set_option", [set_by_set, set_by_attribute, set_by_upper_attribute])
@pytest.mark.parametrize(
    "name, value, error",
    [
        ("IO_THREADS", "1", TypeError),
        ("IO_THREADS", None, TypeError),
        ("MAX_SOCKETS", 1.5, TypeError),
        ("IO_THREADS", 2**31, OverflowError),
        ("MAX_SOCKETS", -(2**31) - 1, OverflowError),
        ("IO_THREADS", -7, zmq.ZMQError),
        ("MSG_T_SIZE", 7, zmq.ZMQError),
    ],
)
def test_context_option(context, set_option, name, value, error):
    with pytest.raises(error, match=naming(name)) as caught:
        set_option(context, name, value)
    assert error is not zmq.ZMQError or caught.value.errno == zmq.EINVAL


def test_unknown_context_option(context, raises_errno):
    with raises_errno(zmq.EINVAL, "9999"):
        context.set(9999, 1)
    with raises_errno(zmq.EINVAL, "9999"):
        context.get(9999)


# socket types and contexts


def test_unknown_socket_type(context, raises_errno):
    with raises_errno(zmq.EINVAL):
        context.socket(77)


@pytest.mark.parametrize("socket_type", ["PUSH", None])
def test_a_socket_type_is_a_number(context, socket_type):
    with pytest.raises(TypeError):
        context.socket(socket_type)


def test_unknown_keyword_for_a_socket(context):
    with pytest.raises(TypeError, match="bogus"):
        context.socket(zmq.PUSH, bogus=1)


def test_number_of_io_threads(raises_errno):
    with raises_errno(zmq.EINVAL):
        zmq.Context(-1)
    with pytest.raises(TypeError):
        zmq.Context("1")


# endpoints


ENDPOINT_METHODS = ["bind", "connect", "unbind", "disconnect"]
MALFORMED = [
    "",
    "nothing",
    "tcp:/127.0.0.1:5555",
    "://127.0.0.1:5555",
    "tcp://",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:",
    "tcp://127.0.0.1:http",
    "inproc://",
    "inproc://a\0b",
]
PORT_OUT_OF_RANGE = [
    "tcp://127.0.0.1:99999",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:4294967297",
    "tcp://[::1]:99999",
]


@pytest.mark.parametrize("method", ["bind", "connect"])
@pytest.mark.parametrize("endpoint", MALFORMED + PORT_OUT_OF_RANGE)
def test_malformed_endpoint(make_socket, method, endpoint, raises_errno):
    socket = make_socket(zmq.DEALER, ipv6=1)
    with raises_errno(zmq.EINVAL, re.escape(endpoint.split("\0")[0]) or None):
        getattr(socket, method)(endpoint)
    assert socket.last_endpoint == b""


@pytest.mark.parametrize("method", ["unbind", "disconnect"])
def test_malformed_endpoint_to_leave(make_socket, method, raises_errno):
    with raises_errno(zmq.EINVAL, "nothing"):
        getattr(make_socket(zmq.DEALER), method)("nothing")


@pytest.mark.parametrize("method", ["unbind", "disconnect"])
@pytest.mark.parametrize("endpoint", ["inproc://unknown", "tcp://127.0.0.1:5555"])
def test_leaving_an_endpoint_never_joined(make_socket, method, endpoint, raises_errno):
    with raises_errno(errno.ENOENT, re.escape(endpoint)):
        getattr(make_socket(zmq.DEALER), method)(endpoint)


@pytest.mark.parametrize("method", ["bind", "connect"])
def test_unknown_transport(make_socket, method, raises_errno):
    with raises_errno(zmq.EPROTONOSUPPORT, "xyz://127.0.0.1:5555"):
        getattr(make_socket(zmq.DEALER), method)("xyz://127.0.0.1:5555")


@pytest.mark.parametrize("method", ["bind", "connect"])
def test_transport_of_other_socket_types(make_socket, method):
    with pytest.raises(zmq.ZMQError, match=re.escape("udp://127.0.0.1:5555")) as caught:
        getattr(make_socket(zmq.DEALER), method)("udp://127.0.0.1:5555")
    assert caught.value.errno in (zmq.ENOCOMPATPROTO, zmq.EPROTONOSUPPORT)


@pytest.mark.parametrize("method", ENDPOINT_METHODS)
@pytest.mark.parametrize(
    "endpoint", [1, None, object(), ["tcp://127.0.0.1:5555"]], ids=lambda value: type(value).__name__
)
def test_an_endpoint_is_a_string(make_socket, method, endpoint):
    with pytest.raises(TypeError, match=r"\baddr\b"):
        getattr(make_socket(zmq.DEALER), method)(endpoint)


@pytest.mark.parametrize("method", ["bind", "connect"])
@pytest.mark.parametrize("letter", ["x", "\u00e9"])
def test_ipc_path_too_long(make_socket, method, letter):
    path = "/" + letter * zmq.IPC_PATH_MAX_LEN
    with pytest.raises(zmq.ZMQError, match=rf"\b{zmq.IPC_PATH_MAX_LEN}\b") as caught:
        getattr(make_socket(zmq.DEALER), method)("ipc://" + path)
    assert caught.value.errno == errno.ENAMETOOLONG
    assert path in str(caught.value)


def test_longest_ipc_path(make_socket, tmp_path, raises_errno):
    path = f"{tmp_path}/".ljust(zmq.IPC_PATH_MAX_LEN, "x")
    make_socket(zmq.DEALER).bind("ipc://" + path)
    with raises_errno(errno.ENAMETOOLONG):
        make_socket(zmq.DEALER).bind(f"ipc://{path}x")


@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_address_in_use(make_socket, endpoint_for, transport, raises_errno):
    first = make_socket(zmq.DEALER)
    first.bind(endpoint_for(transport))
    endpoint = first.last_endpoint.decode()
    with raises_errno(zmq.EADDRINUSE, re.escape(endpoint)):
        make_socket(zmq.DEALER).bind(endpoint)


def test_address_that_is_not_ours(make_socket, raises_errno):
    with raises_errno(zmq.EADDRNOTAVAIL, "tcp://192.0.2.1:5555"):
        make_socket(zmq.DEALER).bind("tcp://192.0.2.1:5555")


# closed sockets


ENDPOINT = "inproc://closed"
CALLS = {
    "bind": (ENDPOINT,),
    "bind_to_random_port": ("tcp://127.0.0.1",),
    "connect": (ENDPOINT,),
    "disable_monitor": (),
    "disconnect": (ENDPOINT,),
    "fileno": (),
    "get": (zmq.LINGER,),
    "get_hwm": (),
    "get_monitor_socket": (),
    "get_string": (zmq.LAST_ENDPOINT,),
    "getsockopt": (zmq.LINGER,),
    "getsockopt_string": (zmq.LAST_ENDPOINT,),
    "getsockopt_unicode": (zmq.LAST_ENDPOINT,),
    "join": ("group",),
    "leave": ("group",),
    "monitor": (ENDPOINT,),
    "poll": (0,),
    "recv": (),
    "recv_batch": (),
    "recv_batch_multipart": (),
    "recv_into": (bytearray(8),),
    "recv_json": (),
    "recv_multipart": (),
    "recv_pyobj": (),
    "recv_serialized": (bytes,),
    "recv_string": (),
    "recv_unicode": (),
    "send": (b"x",),
    "send_batch": ([b"x"],),
    "send_batch_multipart": ([[b"x", b"y"]],),
    "send_json": ({},),
    "send_multipart": ([b"x", b"y"],),
    "send_pyobj": (1,),
    "send_serialized": (b"x", lambda message: [message]),
    "send_string": ("x",),
    "send_unicode": ("x",),
    "set": (zmq.LINGER, 0),
    "set_hwm": (1,),
    "set_string": (zmq.ROUTING_ID, "x"),
    "setsockopt": (zmq.LINGER, 0),
    "setsockopt_string": (zmq.ROUTING_ID, "x"),
    "setsockopt_unicode": (zmq.ROUTING_ID, "x"),
    "subscribe": (b"topic",),
    "unbind": (ENDPOINT,),
    "unsubscribe": (b"topic",),
}


def test_every_method_of_a_socket_is_in_the_table():
    methods = {name for name in dir(zmq.Socket) if name.islower() and not name.startswith("_")}
    methods = {name for name in methods if callable(getattr(zmq.Socket, name))}
    drafts = {"connect_peer", "monitor_pipes_stats", "monitor_versioned"}  # which this libzmq may lack
    assert methods == CALLS.keys() | {"close", "shadow"} | drafts


@pytest.mark.parametrize("name", CALLS)
def test_method_of_a_closed_socket(make_socket, name, raises_errno):
    socket = make_socket(zmq.DEALER)
    socket.close()
    with raises_errno(zmq.ENOTSOCK):
        getattr(socket, name)(*CALLS[name])


@pytest.mark.parametrize("name", ["recv", "recv_multipart"])
def test_receiving_frames_from_a_closed_socket(make_socket, name, raises_errno):
    socket = make_socket(zmq.DEALER)
    socket.close()
    with raises_errno(zmq.ENOTSOCK):
        getattr(socket, name)(copy=False)


def test_proxy_of_a_closed_socket(make_socket, raises_errno):
    closed, other = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    closed.close()
    for sockets in ((closed, other), (other, closed), (other, other, closed)):
        with raises_errno(zmq.ENOTSOCK):
            zmq.proxy(*sockets)


@pytest.mark.parametrize("name", ["linger", "LINGER", "routing_id", "fd", "events", "hwm"])
def test_option_attribute_of_a_closed_socket(make_socket, name, raises_errno):
    socket = make_socket(zmq.DEALER)
    socket.close()
    with raises_errno(zmq.ENOTSOCK):
        getattr(socket, name)


@pytest.mark.parametrize("name, value", [("linger", 0), ("LINGER", 0), ("routing_id", b"x"), ("hwm", 1)])
def test_setting_an_option_attribute_of_a_closed_socket(make_socket, name, value, raises_errno):
    socket = make_socket(zmq.DEALER)
    socket.close()
    with raises_errno(zmq.ENOTSOCK):
        setattr(socket, name, value)


def test_what_a_closed_socket_still_tells(context):
    socket = context.socket(zmq.DEALER)
    assert not socket.closed
    socket.close()
    socket.close()
    socket.close(linger=0)
    assert socket.closed
    assert socket.context is context
    assert socket.socket_type is zmq.SocketType.DEALER
    assert "closed" in repr(socket)
    assert not hasattr(socket, "no_such_attribute")


@pytest.mark.parametrize("name", ["curve_secretkey", "plain_password"])
@pytest.mark.parametrize("secret", ["geheim" * 50, b"geheim" * 50, ["geheim"]])
def test_secrets_are_not_shown(make_socket, name, secret):
    socket = make_socket(zmq.DEALER)
    with pytest.raises((TypeError, zmq.ZMQError)) as caught:
        socket.set(getattr(zmq, name.upper()), secret)
    assert "geheim" not in str(caught.value)
