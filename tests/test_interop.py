"""Every pattern works with PyZMQ and czmq (C) in another process at the other end, on either side, whoever binds."""

from __future__ import annotations

import pytest
from peering import PATIENCE, start_peer

import zmqbind as zmq

MESSAGES = [
    [b"one frame"],
    [b""],
    [b"three", b"frames", b"of text"],
    [b"", b"empty", b"", b"frames", b""],
    [bytes(range(256)), b"\0"],
    [b"f" * 255, b"g" * 256],  # either side of where ZMTP changes to long frames
    [b"many"] * 300,
    [bytes(1_000_000)],
    [b"big", b"\xa5" * 1_000_000, b"", b"and more"],
]


@pytest.fixture(scope="module", params=["PyZMQ", "czmq"])
def process(request):
    peer = start_peer(request.param)
    yield peer
    peer.end()


@pytest.fixture
def peer(process):
    yield process
    process.perform("close")


@pytest.fixture
def join(make_socket, peer):
    """``join(ours, theirs, ours_binds, our_options, their_options)``: our socket and theirs, connected."""

    def join(ours, theirs, ours_binds, our_options=(), their_options=(), endpoint="tcp://127.0.0.1:*"):
        patience = {"rcvtimeo": PATIENCE, "sndtimeo": PATIENCE}
        socket = make_socket(zmq.SocketType[ours], **patience, **dict(our_options))
        their_options = patience | dict(their_options)
        if ours_binds:
            socket.bind(endpoint)
            peer.open(theirs, "connect", socket.get_string(zmq.LAST_ENDPOINT), their_options)
        else:
            socket.connect(peer.open(theirs, "bind", endpoint, their_options))
        return socket

    return join


def both_ways(a, b):
    for message in MESSAGES:
        a.send_multipart(message)
        assert b.recv_multipart() == message
        b.send_multipart(message[::-1])
        assert a.recv_multipart() == message[::-1]


def one_way(source, target):
    for message in MESSAGES:
        source.send_multipart(message)
    for message in MESSAGES:
        assert target.recv_multipart() == message


def dealer_and_router(dealer, router):
    for message in MESSAGES:
        dealer.send_multipart(message)
        routing_id, *received = router.recv_multipart()
        assert routing_id == b"dealer"
        assert received == message
        router.send_multipart([routing_id, *message[::-1]])
        assert dealer.recv_multipart() == message[::-1]


def requester_and_router(requester, router):
    for message in MESSAGES:
        requester.send_multipart(message)
        routing_id, delimiter, *received = router.recv_multipart()
        assert delimiter == b""
        assert received == message
        router.send_multipart([routing_id, b"", *message[::-1]])
        assert requester.recv_multipart() == message[::-1]


def dealer_and_replier(dealer, replier):
    for message in MESSAGES:
        dealer.send_multipart([b"envelope", b"", *message])
        assert replier.recv_multipart() == message
        replier.send_multipart(message[::-1])
        assert dealer.recv_multipart() == [b"envelope", b"", *message[::-1]]


def routers(a, b):
    """Two routers know each other only after a handshake; a message to the unknown is dropped."""
    for _ in range(2000):
        a.send_multipart([b"b", b"hello"])
        if b.poll(10):
            break
    assert b.recv_multipart() == [b"a", b"hello"]
    for message in MESSAGES:
        b.send_multipart([b"a", *message])
        assert a.recv_multipart() == [b"b", *message]


def wait_for_subscription(xpub, subscriber):
    """A subscriber that binds tells a new publisher its topics only when it is called itself."""
    for _ in range(2000):
        if xpub.poll(10):
            break
        subscriber.poll(0)


def subscribe_raw(xpub, xsub):
    """XPUB and XSUB show their subscriptions, so nothing needs to be sent twice."""
    xsub.send_multipart([b"\x01"])
    wait_for_subscription(xpub, xsub)
    assert xpub.recv_multipart() == [b"\x01"]
    one_way(xpub, xsub)
    xsub.send_multipart([b"\x00"])
    assert xpub.recv_multipart() == [b"\x00"]


def subscription_seen(xpub, subscriber):
    wait_for_subscription(xpub, subscriber)
    assert xpub.recv_multipart() == [b"\x01topic"]
    for message in MESSAGES:
        xpub.send_multipart([b"other", *message])
        xpub.send_multipart([b"topic", *message])
    for message in MESSAGES:
        assert subscriber.recv_multipart() == [b"topic", *message]


def published(publisher, subscriber):
    for _ in range(2000):
        publisher.send_multipart([b"topic", b"first"])
        if subscriber.poll(10):
            break
    for message in MESSAGES:
        publisher.send_multipart([b"other", *message])
        publisher.send_multipart([b"topic", *message])
    received = subscriber.recv_multipart()
    while received == [b"topic", b"first"]:
        received = subscriber.recv_multipart()
    for message in MESSAGES:
        assert received == [b"topic", *message]
        if message is not MESSAGES[-1]:
            received = subscriber.recv_multipart()


def published_to_xsub(publisher, xsub):
    xsub.send_multipart([b"\x01topic"])
    published(publisher, xsub)


def streams(a, b):
    id_of_b, nothing = a.recv_multipart()
    assert nothing == b""
    id_of_a, nothing = b.recv_multipart()
    assert nothing == b""
    for source, to, target, sender in ((a, id_of_b, b, id_of_a), (b, id_of_a, a, id_of_b)):
        data = bytes(range(256)) * 100
        source.send_multipart([to, data])
        received = b""
        while len(received) < len(data):
            routing_id, chunk = target.recv_multipart()
            assert routing_id == sender
            received += chunk
        assert received == data


TOPIC = {"subscribe": b"topic"}

# The types of both ends, what they do with each other, and options of each.
PATTERNS = {
    "PAIR-PAIR": (both_ways, {}, {}),
    "REQ-REP": (both_ways, {}, {}),
    "PUSH-PULL": (one_way, {}, {}),
    "DEALER-DEALER": (both_ways, {}, {}),
    "DEALER-ROUTER": (dealer_and_router, {"routing_id": b"dealer"}, {}),
    "DEALER-REP": (dealer_and_replier, {}, {}),
    "REQ-ROUTER": (requester_and_router, {}, {}),
    "ROUTER-ROUTER": (routers, {"routing_id": b"a"}, {"routing_id": b"b"}),
    "PUB-SUB": (published, {}, TOPIC),
    "PUB-XSUB": (published_to_xsub, {}, {}),
    "XPUB-SUB": (subscription_seen, {}, TOPIC),
    "XPUB-XSUB": (subscribe_raw, {}, {}),
    "STREAM-STREAM": (streams, {}, {}),
}


@pytest.mark.parametrize("ours_binds", [True, False], ids=["ours binds", "theirs binds"])
@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern(join, peer, pattern, ours_first, ours_binds):
    exchange, *options = PATTERNS[pattern]
    types = pattern.split("-")
    if ours_first:
        exchange(join(*types, ours_binds, *options), peer)
    else:
        exchange(peer, join(*types[::-1], ours_binds, *options[::-1]))


@pytest.mark.parametrize("ours_binds", [True, False], ids=["ours binds", "theirs binds"])
def test_ipc(join, peer, tmp_path, ours_binds):
    both_ways(join("PAIR", "PAIR", ours_binds, endpoint=f"ipc://{tmp_path}/socket"), peer)


@pytest.mark.parametrize("ours_binds", [True, False], ids=["ours binds", "theirs binds"])
@pytest.mark.parametrize("ours_is_server", [True, False], ids=["ours is server", "theirs is server"])
def test_curve(join, peer, ours_is_server, ours_binds):
    if not (zmq.has("curve") and peer.has_curve()):
        pytest.skip("CURVE needs libsodium at both ends")
    server_public, server_secret = zmq.curve_keypair()
    client_public, client_secret = zmq.curve_keypair()
    server = {"curve_server": 1, "curve_publickey": server_public, "curve_secretkey": server_secret}
    client = {
        "curve_serverkey": server_public,
        "curve_publickey": client_public,
        "curve_secretkey": client_secret,
    }
    options = (server, client) if ours_is_server else (client, server)
    both_ways(join("PAIR", "PAIR", ours_binds, *options), peer)


def test_the_peer_is_another_library(peer):
    assert peer.perform("info")[0] == peer.library.lower()
    peer.open("PAIR", "bind", "inproc://unused", {})
