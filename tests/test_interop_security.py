"""Every mechanism with PyZMQ and czmq (C) in another process: our authenticator and their clients, and the reverse."""

from __future__ import annotations

import os

import pytest
from doors import Keys, outcome_of
from peering import PATIENCE, start_peer

import zmqbind as zmq
from zmqbind.auth import create_certificates, load_certificate, load_certificates
from zmqbind.auth.thread import ThreadAuthenticator

MECHANISMS = ["NULL", "PLAIN", "CURVE"]


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
def credentials(peer, tmp_path):
    """``credentials(mechanism)``: options of a server, of a client that it knows and of one that it does not.

    The files that authenticators want are in tmp_path: `passwords` and `known/`.
    """

    def make(mechanism):
        if mechanism == "NULL":
            return {"zap_domain": b"any"}, {}, {}
        if mechanism == "PLAIN":
            (tmp_path / "passwords").write_text("alice=secret\nbob=other\n")
            good, bad = ({"plain_username": b"alice", "plain_password": word} for word in (b"secret", b"other"))
            return {"plain_server": 1}, good, bad
        if not (zmq.has("curve") and peer.has_curve()):
            pytest.skip("CURVE needs libsodium at both ends")
        server, stranger = Keys(), Keys()
        (tmp_path / "known").mkdir()
        _, file = create_certificates(tmp_path / "known", "alice")
        known = Keys()
        known.public, known.secret = load_certificate(file)
        os.unlink(file)
        return server.as_server(), known.as_client(server), stranger.as_client(server)

    return make


def question_and_answer(client, server):
    client.send_multipart([b"question", b""])
    assert server.recv_multipart() == [b"question", b""]
    server.send_multipart([b"answer"])
    assert client.recv_multipart() == [b"answer"]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_our_authenticator(context, make_socket, peer, credentials, tmp_path, mechanism):
    options, good, bad = credentials(mechanism)
    with ThreadAuthenticator(context) as auth:
        if mechanism == "PLAIN":
            auth.configure_plain("*", {"alice": "secret", "bob": "other"})
        elif mechanism == "CURVE":
            auth.configure_curve("*", tmp_path / "known")
        server = make_socket(zmq.REP, rcvtimeo=PATIENCE, **options)
        monitor = server.get_monitor_socket(zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.HANDSHAKE_FAILED_AUTH)
        server.bind("tcp://127.0.0.1:*")
        endpoint = server.get_string(zmq.LAST_ENDPOINT)
        timeouts = {"rcvtimeo": PATIENCE, "sndtimeo": PATIENCE, "linger": 0}
        peer.open("REQ", "connect", endpoint, {**timeouts, **good})
        question_and_answer(peer, server)
        assert outcome_of(monitor) == "in"
        peer.perform("close")
        if mechanism == "NULL":
            auth.deny("127.0.0.1")
        peer.open("REQ", "connect", endpoint, {**timeouts, **bad})
        assert outcome_of(monitor) == 400
        server.disable_monitor()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_their_authenticator(make_socket, peer, credentials, tmp_path, mechanism):
    options, good, bad = credentials(mechanism)
    if mechanism == "PLAIN":
        peer.perform("guard", "plain", tmp_path / "passwords")
    elif mechanism == "CURVE":
        peer.perform("guard", "curve", tmp_path / "known")
    else:
        peer.perform("guard", "deny", "192.0.2.1")
    endpoint = peer.open("REP", "bind", "tcp://127.0.0.1:*", {"rcvtimeo": PATIENCE, "linger": 0, **options})

    def knock(options):
        client = make_socket(zmq.REQ, rcvtimeo=PATIENCE, **options)
        monitor = client.get_monitor_socket(zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.HANDSHAKE_FAILED_AUTH)
        client.connect(endpoint)
        outcome = outcome_of(monitor)
        if outcome == "in":
            question_and_answer(client, peer)
        client.disable_monitor()
        client.close()
        return outcome

    assert knock(good) == "in"
    if mechanism == "NULL":
        peer.perform("guard", "deny", "127.0.0.1")
    assert knock(bad) == 400


def test_any_curve_client(make_socket, peer):
    """What CURVE_ALLOW_ANY is to their authenticator."""
    if not (zmq.has("curve") and peer.has_curve()):
        pytest.skip("CURVE needs libsodium at both ends")
    server = Keys()
    peer.perform("guard", "curve", "*")
    endpoint = peer.open("REP", "bind", "tcp://127.0.0.1:*", {"rcvtimeo": PATIENCE, "linger": 0, **server.as_server()})
    client = make_socket(zmq.REQ, rcvtimeo=PATIENCE, **Keys().as_client(server))
    client.connect(endpoint)
    question_and_answer(client, peer)


def test_certificates_are_the_same_to_both(peer, tmp_path):
    if not (zmq.has("curve") and peer.has_curve()):
        pytest.skip("CURVE needs libsodium at both ends")
    theirs = tmp_path / "theirs.key"
    public, secret = peer.perform("make", theirs, "Theirs")
    assert load_certificate(theirs) == (public.encode(), None)
    secret_file = tmp_path / f"theirs.key{'_secret'}"
    secret_file.chmod(0o600)  # PyZMQ leaves it to the umask
    assert load_certificate(secret_file) == (public.encode(), secret.encode())

    our_public_file, our_secret_file = create_certificates(
        tmp_path, "ours", {"name": "Ours", "e-mail": "x@example.org"}
    )
    our_public, our_secret = load_certificate(our_secret_file)
    seen = [peer.perform("load", file) for file in (our_public_file, our_secret_file)]
    # czmq looks for the secret key beside the public one; PyZMQ does not read metadata.
    assert [public for public, *_ in seen] == [our_public.decode()] * 2
    assert our_secret.decode() in (secret for _, secret, _ in seen)
    assert {name for *_, name in seen} <= {"Ours", "-"}
    if peer.library == "czmq":
        assert seen[0] == [our_public.decode(), our_secret.decode(), "Ours"]
    assert set(load_certificates(tmp_path)) == {our_public, public.encode()}
