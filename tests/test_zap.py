"""What an authenticator answers to requests of its protocol (ZAP, RFC 27), good and bad, sent to its socket."""

from __future__ import annotations

import asyncio
import random
import struct

import pytest

import zmqbind as zmq
import zmqbind.auth
from zmqbind.auth.thread import ThreadAuthenticator
from zmqbind.utils import z85

PATIENCE = 30_000  # ms
KEY = bytes(range(32))
NULL = [b"1.0", b"7", b"", b"127.0.0.1", b"me", b"NULL"]


@pytest.fixture
def auth(context):
    with ThreadAuthenticator(context) as auth:
        yield auth


@pytest.fixture
def ask(make_socket, auth):
    """``ask(*frames)``: sends them to the authenticator as libzmq would, and returns the reply."""

    def ask(*frames):
        socket = make_socket(zmq.REQ, rcvtimeo=PATIENCE, linger=0)
        socket.connect("inproc://zeromq.zap.01")
        socket.send_multipart(frames)
        return socket.recv_multipart()

    return ask


def request(mechanism, *credentials, domain=b"", address=b"127.0.0.1", request_id=b"7"):
    return [b"1.0", request_id, domain, address, b"me", mechanism, *credentials]


def refused(reply, status, request_id=b"7"):
    version, same_id, code, text, user_id, metadata = reply
    assert (version, same_id, code, user_id, metadata) == (b"1.0", request_id, status, b"", b"")
    assert text.isascii()
    assert 0 < len(text) < 256
    return True


@pytest.mark.parametrize("request_id", [b"7", b"", b"\0\xff", b"x" * 300])
def test_the_reply_has_the_id_of_the_request(ask, request_id):
    assert ask(*request(b"NULL", request_id=request_id)) == [b"1.0", request_id, b"200", b"OK", b"anonymous", b""]


def test_what_nothing_was_configured_for(ask):
    assert refused(ask(*request(b"PLAIN", b"alice", b"secret")), b"400")
    assert refused(ask(*request(b"CURVE", KEY)), b"400")
    assert ask(*request(b"GSSAPI", b"alice@EXAMPLE")) == [b"1.0", b"7", b"200", b"OK", b"alice@EXAMPLE", b""]


def test_credentials_that_get_in(auth, ask):
    auth.configure_plain("*", {"alice": "secret", "": ""})
    auth.configure_curve("*", zmq.auth.CURVE_ALLOW_ANY)
    assert ask(*request(b"PLAIN", b"alice", b"secret"))[2:5] == [b"200", b"OK", b"alice"]
    assert ask(*request(b"PLAIN", b"", b""))[2:5] == [b"200", b"OK", b""]
    assert ask(*request(b"CURVE", KEY))[2:5] == [b"200", b"OK", z85.encode(KEY)]


@pytest.mark.parametrize(
    ("mechanism", "credentials"),
    [
        (b"NULL", [b"more"]),
        (b"PLAIN", []),
        (b"PLAIN", [b"alice"]),
        (b"PLAIN", [b"alice", b""]),
        (b"PLAIN", [b"alice", b"secret\0"]),
        (b"PLAIN", [b"alice", b"secret", b"more"]),
        (b"PLAIN", [b"\xff\xfe", b"secret"]),
        (b"PLAIN", [b"alice\0", b"secret"]),
        (b"PLAIN", [b"a" * 100_000, b"b" * 100_000]),
        (b"CURVE", []),
        (b"CURVE", [b""]),
        (b"CURVE", [KEY[:31]]),
        (b"CURVE", [KEY + b"\0"]),
        (b"CURVE", [KEY, KEY]),
        (b"CURVE", [z85.encode(KEY)]),
        (b"GSSAPI", []),
        (b"GSSAPI", [b"\xff"]),
        (b"", []),
        (b"null", []),
        (b"\xff", []),
        (b"CURVE2", [KEY]),
    ],
)
def test_bad_credentials(auth, ask, mechanism, credentials):
    auth.configure_plain("*", {"alice": "secret"})
    auth.configure_curve("*", zmq.auth.CURVE_ALLOW_ANY)
    assert refused(ask(*request(mechanism, *credentials)), b"400")
    assert ask(*NULL)[2] == b"200"


@pytest.mark.parametrize("frames", [NULL[:length] for length in range(2, 6)])
def test_too_few_frames(ask, frames):
    assert refused(ask(*frames), b"500")


@pytest.mark.parametrize("version", [b"", b"1", b"1.1", b"2.0", b"1.0\0", b"\xff"])
def test_other_versions(ask, version):
    assert refused(ask(version, *NULL[1:]), b"500")


@pytest.mark.parametrize("frames", [[b""], [b"1.0"], [b"nonsense"]])
def test_nothing_to_answer_with(ask, frames):
    assert refused(ask(*frames), b"500", request_id=b"")


def test_domain_and_address_that_are_no_text(auth, ask):
    assert refused(ask(*request(b"NULL", domain=b"\xff")), b"400")
    assert refused(ask(*request(b"NULL", address=b"\xff")), b"400")


@pytest.mark.parametrize("address", ["", "localhost", "127.0.0.1:80", "::1%", "1.2.3", "localhost:0:0:1234"])
def test_addresses_that_are_none(auth, ask, address):
    """What is no IP address is not among those that are allowed."""
    raw = address.encode()
    assert ask(*request(b"NULL", address=raw))[2] == b"200"
    auth.allow("0.0.0.0/0", "::/0")
    assert refused(ask(*request(b"NULL", address=raw)), b"400")


@pytest.mark.parametrize(
    ("denied", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("127.0.0.0/8", "::ffff:7f00:1"),
        ("::ffff:10.0.0.0/104", "10.9.8.7"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("fe80::/10", "fe80::1%eth0"),
        ("fe80::1", "fe80::1%2"),
    ],
)
def test_every_way_to_write_an_address(auth, ask, denied, address):
    auth.deny(denied)
    assert refused(ask(*request(b"NULL", address=address.encode())), b"400")
    assert ask(*request(b"NULL", address=b"192.0.2.1"))[2] == b"200"


def test_requests_from_nobody(auth, ask, make_socket, caplog):
    """A DEALER can leave out the delimiter that parts the envelope from the request."""
    rng = random.Random(1)
    dealer = make_socket(zmq.DEALER, linger=0, rcvtimeo=PATIENCE)
    dealer.connect("inproc://zeromq.zap.01")
    for _ in range(300):
        dealer.send_multipart([rng.choice([b"1.0", b"7", b"x", KEY, b"NULL"]) for _ in range(rng.randrange(1, 9))])
    dealer.send_multipart([b"", *NULL])
    assert dealer.recv_multipart() == [b"", b"1.0", b"7", b"200", b"OK", b"anonymous", b""]
    assert ask(*NULL)[2] == b"200"
    assert "from nobody" in caplog.text


def test_random_requests(auth, ask, make_socket):
    """Whatever it is asked, it answers, and goes on."""
    auth.configure_plain("*", {"alice": "secret"})
    auth.configure_curve("d", zmq.auth.CURVE_ALLOW_ANY)
    rng = random.Random(2)
    pieces = [b"", b"1.0", b"7", b"d", b"127.0.0.1", b"NULL", b"PLAIN", b"CURVE", b"GSSAPI", b"alice", b"secret", KEY]
    socket = make_socket(zmq.REQ, rcvtimeo=PATIENCE, linger=0)
    socket.connect("inproc://zeromq.zap.01")
    statuses = set()
    for _ in range(2000):
        frames = request(rng.choice([b"NULL", b"PLAIN", b"CURVE"]), b"alice", b"secret")
        for _ in range(rng.randrange(4)):
            place = rng.randrange(len(frames) + 1)
            frames[place : place + rng.randrange(3)] = [rng.choice([*pieces, rng.randbytes(rng.randrange(40))])]
        socket.send_multipart(frames)
        reply = socket.recv_multipart()
        assert len(reply) == 6
        statuses.add(reply[2])
        if reply[2] == b"200":
            assert frames[0] == b"1.0"
            assert reply[4] in (b"anonymous", b"alice") or frames[5] in (b"CURVE", b"GSSAPI")
    assert statuses == {b"200", b"400", b"500"}


def test_metadata_has_the_format_of_zmtp(context, make_socket):
    class Own(ThreadAuthenticator):
        metadata = {"X-Role": "cook"}  # noqa: RUF012

        def zap_metadata(self, user_id, domain):
            return self.metadata

    with Own(context) as auth:
        socket = make_socket(zmq.REQ, rcvtimeo=PATIENCE)
        socket.connect("inproc://zeromq.zap.01")
        socket.send_multipart(NULL)
        assert socket.recv_multipart()[5] == struct.pack("!B6sL4s", 6, b"X-Role", 4, b"cook")
        for bad in ({"": "x"}, {"n" * 256: "x"}, {"ü": "x"}, {"X": 7}, None):
            auth.metadata = bad
            socket.send_multipart(NULL)
            assert refused(socket.recv_multipart(), b"500")


@pytest.mark.parametrize("kind", [zmq.ROUTER, zmq.REP])
def test_an_authenticator_that_one_runs_oneself(context, make_socket, kind):
    """With its own socket, or with a REP socket, as PyZMQ's is."""
    auth = zmq.auth.Authenticator(context)
    auth.start()
    if kind == zmq.REP:
        auth.stop()
        auth.zap_socket = context.socket(zmq.REP)
        auth.zap_socket.bind("inproc://zeromq.zap.01")
    client = make_socket(zmq.REQ, rcvtimeo=PATIENCE)
    client.connect("inproc://zeromq.zap.01")
    for frames, status in ((NULL, b"200"), ([b"2.0", *NULL[1:]], b"500")):
        client.send_multipart(frames)
        asyncio.run(auth.handle_zap_message(auth.zap_socket.recv_multipart()))
        assert client.recv_multipart()[2] == status
    message = [b"id", b"", *NULL]
    auth.stop()
    asyncio.run(auth.handle_zap_message(message))  # nothing to answer with


@pytest.mark.parametrize("kind", [kind for kind in zmq.SocketType if kind.name not in ("REP", "ROUTER")])
def test_only_what_can_answer_is_bound_where_libzmq_asks(make_socket, raises_errno, kind):
    """libzmq would abort the process at the next handshake."""
    try:
        socket = make_socket(kind)
    except zmq.ZMQError:
        pytest.skip("a draft")
    if kind.name == "SERVER":
        pytest.skip("can answer")
    for endpoint in ("inproc://zeromq.zap.01", b"inproc://zeromq.zap.01"):
        with raises_errno(zmq.EINVAL, match="ZAP handler"):
            socket.bind(endpoint)
