"""Options of sockets: their Python types, and every way to get and set them."""

import inspect

import pytest

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

# What libzmq's manual says: options of any socket, a value unlike the default, and one more.
INTEGERS = {
    "affinity": (1, 2**63),
    "backlog": (50, 200),
    "conflate": (1, 0),
    "connect_timeout": (1000, 0),
    "handshake_ivl": (1000, 0),
    "heartbeat_ivl": (1000, 0),
    "heartbeat_timeout": (1000, 0),
    "heartbeat_ttl": (1000, 200),
    "immediate": (1, 0),
    "invert_matching": (1, 0),
    "ipv6": (1, 0),
    "linger": (1000, -1),
    "maxmsgsize": (2**40, -1),
    "multicast_hops": (2, 1),
    "multicast_maxtpdu": (1400, 1500),
    "rate": (200, 100),
    "rcvbuf": (100_000, 0),
    "rcvhwm": (7, 0),
    "rcvtimeo": (1000, -1),
    "reconnect_ivl": (200, -1),
    "reconnect_ivl_max": (1000, 0),
    "recovery_ivl": (1000, 0),
    "sndbuf": (100_000, 0),
    "sndhwm": (7, 0),
    "sndtimeo": (1000, -1),
    "tcp_keepalive": (1, -1),
    "tcp_keepalive_cnt": (5, -1),
    "tcp_keepalive_idle": (60, -1),
    "tcp_keepalive_intvl": (60, -1),
    "tcp_maxrt": (1000, 0),
    "tos": (8, 0),
    "use_fd": (3, -1),
}
STRINGS = ["routing_id", "plain_username", "plain_password", "zap_domain", "socks_proxy"]
WRITE_ONLY = {
    "DEALER": ["probe_router"],
    "REQ": ["req_correlate", "req_relaxed", "probe_router"],
    "ROUTER": ["router_mandatory", "router_handover", "probe_router"],
    "STREAM": ["stream_notify"],
    "XPUB": ["xpub_verbose", "xpub_verboser", "xpub_manual", "xpub_nodrop"],
}


@pytest.fixture
def socket(make_socket):
    return make_socket(zmq.DEALER)


@pytest.mark.parametrize("name", INTEGERS)
def test_integer_option(socket, name):
    number = getattr(zmq, name.upper())
    first, second = INTEGERS[name]
    assert type(socket.get(number)) is int
    for value in (first, second):
        for set_it in (
            lambda value: socket.set(number, value),
            lambda value: socket.setsockopt(int(number), value),
            lambda value: setattr(socket, name, value),
            lambda value: setattr(socket, name.upper(), value),
        ):
            set_it(first + second - value)
            set_it(value)
            got = {
                socket.get(number),
                socket.getsockopt(int(number)),
                getattr(socket, name),
                getattr(socket, name.upper()),
            }
            assert got == {value}


@pytest.mark.parametrize("name", STRINGS)
def test_bytes_option(socket, name):
    number = getattr(zmq, name.upper())
    assert socket.get(number) == b""
    socket.set(number, b"first")
    assert socket.get(number) == getattr(socket, name) == getattr(socket, name.upper()) == b"first"
    setattr(socket, name, b"second")
    assert socket.getsockopt(number) == b"second"
    setattr(socket, name.upper(), b"third")
    assert socket.getsockopt(int(number)) == b"third"


@pytest.mark.parametrize("name", STRINGS)
def test_option_as_a_string(socket, name):
    number = getattr(zmq, name.upper())
    socket.set_string(number, "caf\u00e9")
    assert socket.get(number) == "caf\u00e9".encode()
    assert socket.get_string(number) == "caf\u00e9"
    socket.setsockopt_string(number, "caf\u00e9", encoding="latin-1")
    assert socket.get(number) == b"caf\xe9"
    assert socket.getsockopt_string(number, encoding="latin-1") == "caf\u00e9"
    socket.setsockopt_unicode(number, "text")
    assert socket.getsockopt_unicode(number) == "text"


def test_option_as_a_string_of_the_wrong_type(socket):
    with pytest.raises(TypeError):
        socket.set_string(zmq.ROUTING_ID, b"bytes")
    with pytest.raises(TypeError):
        socket.get_string(zmq.LINGER)


@pytest.mark.parametrize("socket_type, name", [(kind, name) for kind, names in WRITE_ONLY.items() for name in names])
def test_write_only_option(make_socket, socket_type, name):
    socket = make_socket(getattr(zmq, socket_type))
    setattr(socket, name, 1)
    setattr(socket, name.upper(), 0)
    socket.set(getattr(zmq, name.upper()), 1)
    with pytest.raises(zmq.ZMQError):
        socket.get(getattr(zmq, name.upper()))
    assert not hasattr(socket, name)
    assert not hasattr(socket, name.upper())


def test_read_only_options(socket, endpoint_for):
    assert type(socket.fd) is int
    assert socket.fd == socket.FD == socket.fileno() == socket.get(zmq.FD) > 2
    assert socket.events == socket.EVENTS == socket.get(zmq.EVENTS) == 0
    assert socket.type == socket.TYPE == socket.get(zmq.TYPE) == zmq.DEALER
    assert socket.socket_type is zmq.SocketType.DEALER
    assert socket.rcvmore == socket.RCVMORE == socket.get(zmq.RCVMORE) == 0
    assert socket.mechanism == socket.get(zmq.MECHANISM) == zmq.NULL
    assert socket.thread_safe == socket.get(zmq.THREAD_SAFE) == 0
    assert socket.last_endpoint == socket.LAST_ENDPOINT == socket.get(zmq.LAST_ENDPOINT) == b""
    endpoint = endpoint_for("ipc")
    socket.bind(endpoint)
    assert socket.last_endpoint == socket.get(zmq.LAST_ENDPOINT) == endpoint.encode()


def test_rcvmore_and_events(connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, rcvtimeo=PATIENCE)
    push.send_multipart([b"one", b"two"])
    assert pull.poll(PATIENCE)
    assert pull.events == zmq.POLLIN
    assert push.events == zmq.POLLOUT
    assert pull.recv() == b"one"
    assert pull.rcvmore == pull.get(zmq.RCVMORE) == 1
    assert pull.recv() == b"two"
    assert pull.rcvmore == 0


# ids and keys


@pytest.mark.parametrize("name", ["routing_id", "ROUTING_ID", "identity", "IDENTITY"])
def test_routing_id_by_any_name(socket, name):
    setattr(socket, name, b"me")
    assert socket.routing_id == socket.ROUTING_ID == socket.identity == socket.IDENTITY == b"me"
    assert socket.get(zmq.ROUTING_ID) == socket.get(zmq.IDENTITY) == b"me"


@pytest.mark.parametrize("identity", [b"x", b"a\0b\0", b"\xff" * 255])
def test_routing_id_of_any_bytes(connected_pair, make_socket, identity):
    router, dealer = make_socket(zmq.ROUTER, rcvtimeo=PATIENCE), make_socket(zmq.DEALER, routing_id=identity)
    assert dealer.routing_id == identity
    router.bind("inproc://router")
    dealer.connect("inproc://router")
    dealer.send(b"hello")
    assert router.recv_multipart() == [identity, b"hello"]


@pytest.mark.skipif(not zmq.has("curve"), reason="libzmq was built without CURVE")
@pytest.mark.parametrize("name", ["curve_publickey", "curve_secretkey", "curve_serverkey"])
def test_curve_keys(socket, name):
    keys = zmq.curve_keypair()
    socket.curve_publickey, socket.curve_secretkey = keys
    setattr(socket, name, keys[0])
    as_z85 = getattr(socket, name)
    assert as_z85 == socket.get(getattr(zmq, name.upper())) == keys[0]
    setattr(socket, name, bytes(32))
    assert getattr(socket, name) == b"0" * 40


@pytest.mark.skipif(not zmq.has("curve"), reason="libzmq was built without CURVE")
@pytest.mark.parametrize("key", [b"", b"short", bytes(33), b"0" * 39])
def test_curve_key_of_the_wrong_length(socket, raises_errno, key):
    with raises_errno(zmq.EINVAL, r"(?i)curve_publickey"):
        socket.curve_publickey = key


def test_mechanism_follows_what_is_set(make_socket):
    assert make_socket(zmq.DEALER, plain_server=1).mechanism == zmq.PLAIN
    assert make_socket(zmq.DEALER, plain_username=b"user").mechanism == zmq.PLAIN
    if zmq.has("curve"):
        assert make_socket(zmq.DEALER, curve_server=1).mechanism == zmq.CURVE


# high-water marks


def test_hwm_sets_both(socket):
    for value, set_it in enumerate(
        [
            socket.set_hwm,
            lambda value: setattr(socket, "hwm", value),
            lambda value: setattr(socket, "HWM", value),
        ],
        start=5,
    ):
        set_it(value)
        assert socket.sndhwm == socket.rcvhwm == socket.hwm == socket.get_hwm() == value


def test_hwm_limits_what_is_queued(connected_pair):
    push, _ = connected_pair(zmq.PUSH, zmq.PULL, hwm=3)
    count = 0
    with pytest.raises(zmq.Again):
        while count < 100:
            push.send(b"x", zmq.DONTWAIT)
            count += 1
    assert count == 6  # within one process, those of both ends add up


# subscriptions


@pytest.mark.parametrize(
    "subscribe",
    [
        lambda s: s.subscribe(b"topic"),
        lambda s: s.subscribe("topic"),
        lambda s: s.set(zmq.SUBSCRIBE, b"topic"),
        lambda s: s.setsockopt(zmq.SUBSCRIBE, b"topic"),
        lambda s: s.setsockopt_string(zmq.SUBSCRIBE, "topic"),
        lambda s: setattr(s, "subscribe", b"topic"),
        lambda s: setattr(s, "subscribe", "topic"),
        lambda s: setattr(s, "SUBSCRIBE", b"topic"),
    ],
)
def test_subscribe(connected_pair, subscribe):
    xpub, sub = connected_pair(zmq.XPUB, zmq.SUB, rcvtimeo=PATIENCE)
    subscribe(sub)
    assert xpub.recv() == b"\1topic"
    sub.unsubscribe("topic")
    assert xpub.recv() == b"\0topic"


def test_unsubscribe_as_an_option(connected_pair):
    xpub, sub = connected_pair(zmq.XPUB, zmq.SUB, rcvtimeo=PATIENCE)
    for unsubscribe in (
        lambda: sub.unsubscribe(b"topic"),
        lambda: sub.set(zmq.UNSUBSCRIBE, b"topic"),
        lambda: setattr(sub, "unsubscribe", b"topic"),
        lambda: setattr(sub, "UNSUBSCRIBE", b"topic"),
    ):
        sub.subscribe(b"topic")
        assert xpub.recv() == b"\1topic"
        unsubscribe()
        assert xpub.recv() == b"\0topic"


@pytest.mark.parametrize("topic", [1, None, [b"x"]])
def test_topic_of_the_wrong_type(make_socket, topic):
    with pytest.raises(TypeError):
        make_socket(zmq.SUB).subscribe(topic)


def test_welcome_message(make_socket):
    xpub, sub = make_socket(zmq.XPUB, xpub_welcome_msg=b"welcome"), make_socket(zmq.SUB, rcvtimeo=PATIENCE)
    xpub.bind("inproc://welcome")
    sub.subscribe(b"welcome")
    sub.connect("inproc://welcome")
    assert xpub.recv() == b"\1welcome"
    assert sub.recv() == b"welcome"


# attributes


@pytest.mark.parametrize("name", ["no_such_option", "NO_SUCH_OPTION", "_no_such_option", "lingerr"])
def test_unknown_attribute(socket, name):
    with pytest.raises(AttributeError, match=f"(?i){name}"):
        setattr(socket, name, 1)
    with pytest.raises(AttributeError, match=f"(?i){name}"):
        getattr(socket, name)


def test_attributes_of_a_subclass(context):
    class Special(zmq.Socket):
        note = None

    with Special(context, zmq.PUSH) as socket:
        socket.note = "kept"
        assert socket.note == "kept"
        socket.linger = 5
        assert socket.linger == 5
        with pytest.raises(AttributeError):
            socket.other = 1


@pytest.mark.parametrize("name", ["linger", "LINGER", "rcvtimeo", "router_mandatory", "last_endpoint", "hwm", "fd"])
def test_options_are_properties_that_tools_can_see(socket, name):
    assert name in dir(socket)
    assert name in dir(zmq.Socket)
    described = inspect.getattr_static(zmq.Socket, name)
    assert inspect.isdatadescriptor(described)
    assert len(inspect.getdoc(described)) > 10


def test_every_option_is_an_attribute(socket):
    missing = [
        option.name
        for option in zmq.SocketOption
        if option is not zmq.SocketOption.BLOCKY
        for name in (option.name, option.name.lower())
        if not inspect.isroutine(getattr(zmq.Socket, name, None))
        and not inspect.isdatadescriptor(inspect.getattr_static(zmq.Socket, name, None))
    ]
    assert missing == []


@pytest.mark.parametrize("name", ["io_threads", "IO_THREADS", "max_sockets", "linger", "rcvtimeo"])
def test_options_of_a_context_are_properties_too(context, name):
    assert name in dir(context)
    described = inspect.getattr_static(zmq.Context, name)
    assert inspect.isdatadescriptor(described)
    assert len(inspect.getdoc(described)) > 10


def test_context_attributes_match_its_options(context):
    names = ["IO_THREADS", "MAX_SOCKETS", "SOCKET_LIMIT", "MAX_MSGSZ", "MSG_T_SIZE"]
    for name in names:
        value = context.get(getattr(zmq, name))
        assert type(value) is int
        assert getattr(context, name) == getattr(context, name.lower()) == value


# IPv6


def test_ipv6(make_socket):
    pull = make_socket(zmq.PULL, ipv6=1, rcvtimeo=PATIENCE)
    try:
        pull.bind("tcp://[::1]:*")
    except zmq.ZMQError as error:
        pytest.skip(f"no IPv6 here: {error}")
    endpoint = pull.last_endpoint.decode()
    assert endpoint.startswith("tcp://[::1]:")
    push = make_socket(zmq.PUSH, ipv6=1)
    push.connect(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_ipv6_is_off_at_first(socket):
    assert socket.ipv6 == 0
    assert socket.ipv4only == 1
    socket.ipv6 = True
    assert socket.ipv4only == 0
