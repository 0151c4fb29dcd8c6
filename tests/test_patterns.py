"""Every type of socket exchanges messages as its pattern says, over every transport."""

from __future__ import annotations

import os
import socket
import sys

import pytest

import zmqbind as zmq


@pytest.fixture(autouse=True)
def patience(context):
    """A message that does not come is a failure, not a hang."""
    context.rcvtimeo = context.sndtimeo = 20_000


@pytest.fixture(params=["tcp", "ipc", "abstract", "inproc"])
def endpoint(request, tmp_path):
    """An endpoint to bind, of each transport in turn."""
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("abstract names exist on Linux only")
    return {
        "tcp": "tcp://127.0.0.1:*",
        "ipc": f"ipc://{tmp_path}/socket",
        "abstract": f"ipc://@{os.getpid()}-{tmp_path.name}",
        "inproc": "inproc://here",
    }[request.param]


@pytest.fixture
def pair(make_socket, endpoint):
    """``pair(type1, type2)``: the first bound, the second connected to it."""

    def pair(type1, type2):
        server, client = make_socket(type1), make_socket(type2)
        server.bind(endpoint)
        client.connect(server.get_string(zmq.LAST_ENDPOINT))
        return server, client

    return pair


def publish_until_heard(publisher, subscriber, parts):
    """Publish over and over, since nobody tells a publisher that a subscription has arrived."""
    for _ in range(2000):
        publisher.send_multipart(parts)
        if subscriber.poll(10):
            assert subscriber.recv_multipart() == parts
            return
    pytest.fail("the subscription never arrived")


def drain(subscriber, parts):
    """Take what `publish_until_heard` sent more than once, until the message `parts`."""
    return next(message for message in iter(subscriber.recv_multipart, None) if message == parts)


def test_pair(pair):
    a, b = pair(zmq.PAIR, zmq.PAIR)
    a.send(b"from a")
    b.send_multipart([b"from", b"b"])
    assert b.recv() == b"from a"
    assert a.recv_multipart() == [b"from", b"b"]


def test_request_reply(pair):
    replier, requester = pair(zmq.REP, zmq.REQ)
    for number in range(3):
        requester.send(b"question %d" % number)
        assert replier.recv() == b"question %d" % number
        replier.send_multipart([b"answer", b"%d" % number])
        assert requester.recv_multipart() == [b"answer", b"%d" % number]


def test_push_pull(pair):
    pull, push = pair(zmq.PULL, zmq.PUSH)
    for number in range(100):
        push.send(b"%d" % number)
    assert [int(pull.recv()) for _ in range(100)] == list(range(100))


def test_push_pull_the_other_way_round(pair):
    push, pull = pair(zmq.PUSH, zmq.PULL)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_publish_subscribe(pair):
    publisher, subscriber = pair(zmq.PUB, zmq.SUB)
    subscriber.subscribe(b"a")
    publish_until_heard(publisher, subscriber, [b"a.1", b"text"])
    publisher.send_multipart([b"b", b"nobody asked for this"])
    publisher.send(b"a.2")
    assert drain(subscriber, [b"a.2"])
    assert not subscriber.poll(0)


def test_extended_publish_subscribe(pair):
    xpub, xsub = pair(zmq.XPUB, zmq.XSUB)
    xsub.send(b"\x01topic")
    assert xpub.recv() == b"\x01topic"
    xpub.send_multipart([b"topic", b"text"])
    assert xsub.recv_multipart() == [b"topic", b"text"]
    xsub.send(b"\x00topic")
    assert xpub.recv() == b"\x00topic"


def test_dealer_router(pair):
    router, dealer = pair(zmq.ROUTER, zmq.DEALER)
    dealer.send_multipart([b"question"])
    routing_id, question = router.recv_multipart()
    assert question == b"question"
    # libzmq makes up an id of five bytes, the first of them zero, for a peer that did not name itself.
    assert len(routing_id) == 5
    assert routing_id[0] == 0
    router.send_multipart([routing_id, b"", b"answer"])
    assert dealer.recv_multipart() == [b"", b"answer"]


def test_dealer_dealer(pair):
    a, b = pair(zmq.DEALER, zmq.DEALER)
    a.send_multipart([b"1", b"2"])
    assert b.recv_multipart() == [b"1", b"2"]
    b.send(b"3")
    assert a.recv() == b"3"


def test_router_router(make_socket, endpoint):
    server, client = (
        make_socket(zmq.ROUTER, routing_id=b"server"),
        make_socket(zmq.ROUTER, routing_id=b"client"),
    )
    client.router_mandatory = 1
    server.bind(endpoint)
    client.connect(server.get_string(zmq.LAST_ENDPOINT))
    send_once_reachable(client, [b"server", b"hello"])
    assert server.recv_multipart() == [b"client", b"hello"]
    server.send_multipart([b"client", b"welcome"])
    assert client.recv_multipart() == [b"server", b"welcome"]


def test_envelopes(pair):
    """REQ puts an empty frame before the request, which the others see and must keep."""
    router, requester = pair(zmq.ROUTER, zmq.REQ)
    requester.send_multipart([b"a", b"b"])
    routing_id, *rest = router.recv_multipart()
    assert rest == [b"", b"a", b"b"]
    router.send_multipart([routing_id, b"", b"c"])
    assert requester.recv_multipart() == [b"c"]


def test_dealer_as_client_of_rep(pair):
    replier, dealer = pair(zmq.REP, zmq.DEALER)
    dealer.send_multipart([b"", b"1"])
    dealer.send_multipart([b"envelope", b"", b"2"])
    for _ in range(2):
        replier.send(replier.recv())
    assert dealer.recv_multipart() == [b"", b"1"]
    assert dealer.recv_multipart() == [b"envelope", b"", b"2"]


def test_request_through_dealer_and_router(make_socket, endpoint):
    """A broker of two sockets keeps the envelope, hop by hop."""
    frontend, backend = make_socket(zmq.ROUTER), make_socket(zmq.DEALER)
    requester, replier = make_socket(zmq.REQ), make_socket(zmq.REP)
    frontend.bind(endpoint)
    backend.bind("inproc://backend")
    requester.connect(frontend.get_string(zmq.LAST_ENDPOINT))
    replier.connect("inproc://backend")
    requester.send(b"question")
    backend.send_multipart(frontend.recv_multipart())
    assert replier.recv() == b"question"
    replier.send(b"answer")
    frontend.send_multipart(backend.recv_multipart())
    assert requester.recv() == b"answer"


# Subscriptions.


def test_topics(make_socket):
    xpub, subscriber = make_socket(zmq.XPUB), make_socket(zmq.SUB)
    xpub.bind("inproc://here")
    subscriber.connect("inproc://here")
    for topic in ("a", "b", "ü"):
        subscriber.subscribe(topic)
        assert xpub.recv() == b"\x01" + topic.encode()
    for message in (b"apple", b"cherry", b"banana", "über".encode(), b"a"):
        xpub.send(message)
    assert [subscriber.recv() for _ in range(4)] == [b"apple", b"banana", "über".encode(), b"a"]
    subscriber.unsubscribe("a")
    assert xpub.recv() == b"\x00a"
    for message in (b"apple", b"banana"):
        xpub.send(message)
    assert subscriber.recv() == b"banana"


def test_the_empty_topic_is_everything(make_socket):
    xpub, subscriber = make_socket(zmq.XPUB), make_socket(zmq.SUB)
    xpub.bind("inproc://here")
    subscriber.connect("inproc://here")
    subscriber.subscribe("")
    assert xpub.recv() == b"\x01"
    xpub.send_multipart([b"", b"x"])
    assert subscriber.recv_multipart() == [b"", b"x"]


def test_subscriptions_by_option_and_by_attribute(make_socket):
    xpub, subscriber = make_socket(zmq.XPUB), make_socket(zmq.SUB)
    xpub.bind("inproc://here")
    subscriber.connect("inproc://here")
    subscriber.setsockopt(zmq.SUBSCRIBE, b"a")
    subscriber.setsockopt_string(zmq.SUBSCRIBE, "b")
    subscriber.subscribe = b"c"
    subscriber.setsockopt(zmq.UNSUBSCRIBE, b"a")
    subscriber.unsubscribe = b"b"
    assert [xpub.recv() for _ in range(5)] == [b"\x01a", b"\x01b", b"\x01c", b"\x00a", b"\x00b"]


@pytest.mark.parametrize("verbose", [0, 1])
def test_xpub_verbose(make_socket, verbose):
    """Only a verbose XPUB hears of a subscription that another subscriber has already."""
    xpub = make_socket(zmq.XPUB, xpub_verbose=verbose)
    xpub.bind("inproc://here")
    subscribers = [make_socket(zmq.SUB) for _ in range(2)]
    for subscriber in subscribers:
        subscriber.connect("inproc://here")
        subscriber.subscribe("a")
    subscribers[1].subscribe("b")
    expected = [b"\x01a"] + [b"\x01a"] * verbose + [b"\x01b"]
    assert [xpub.recv() for _ in expected] == expected


def test_xpub_manual(make_socket):
    """A manual XPUB decides itself what a subscriber gets."""
    xpub, subscriber = make_socket(zmq.XPUB, xpub_manual=1), make_socket(zmq.SUB)
    xpub.bind("inproc://here")
    subscriber.connect("inproc://here")
    subscriber.subscribe("wide")
    assert xpub.recv() == b"\x01wide"
    xpub.subscribe(b"wide, but")
    for message in (b"wide", b"wide, but not too wide"):
        xpub.send(message)
    assert subscriber.recv() == b"wide, but not too wide"


def test_xpub_welcome_message(make_socket):
    xpub, subscriber = make_socket(zmq.XPUB, xpub_welcome_msg=b"welcome"), make_socket(zmq.SUB)
    xpub.bind("inproc://here")
    subscriber.subscribe("")
    subscriber.connect("inproc://here")
    # An XPUB greets when it processes the arrival, here with its own next receive.
    assert xpub.recv() == b"\x01"
    assert subscriber.recv() == b"welcome"


def test_conflate_keeps_the_last_message(make_socket):
    pull, push = make_socket(zmq.PULL, conflate=1), make_socket(zmq.PUSH, conflate=1)
    pull.bind("inproc://here")
    push.connect("inproc://here")
    for number in range(10):
        push.send(b"%d" % number)
    assert pull.recv() == b"9"
    assert not pull.poll(0)


# Routing.


def send_once_reachable(router, parts):
    """Send with a mandatory ROUTER to a peer whose handshake may not be over yet."""
    for _ in range(2000):
        try:
            return router.send_multipart(parts)
        except zmq.ZMQError as error:
            assert error.errno == zmq.EHOSTUNREACH
            router.poll(10)
    pytest.fail(f"{parts[0]!r} never became reachable")


def test_routing_ids(make_socket):
    router = make_socket(zmq.ROUTER)
    router.bind("inproc://here")
    dealers = {name: make_socket(zmq.DEALER, routing_id=name) for name in (b"a", b"b", b"\x01\x00binary")}
    for name, dealer in dealers.items():
        assert dealer.routing_id == name
        dealer.connect("inproc://here")
        dealer.send(b"from " + name)
        assert router.recv_multipart() == [name, b"from " + name]
    for name in reversed(dealers):
        router.send_multipart([name, b"to " + name])
    for name, dealer in dealers.items():
        assert dealer.recv() == b"to " + name


def test_router_drops_what_it_cannot_route(make_socket):
    router = make_socket(zmq.ROUTER)
    router.bind("inproc://here")
    router.send_multipart([b"nobody", b"x"])
    dealer = make_socket(zmq.DEALER, routing_id=b"somebody")
    dealer.connect("inproc://here")
    dealer.send(b"")
    router.recv_multipart()
    router.send_multipart([b"somebody", b"y"])
    assert dealer.recv() == b"y"


def test_mandatory_router(make_socket):
    router, dealer = make_socket(zmq.ROUTER, router_mandatory=1), make_socket(zmq.DEALER, routing_id=b"known")
    router.bind("inproc://here")
    with pytest.raises(zmq.ZMQError) as caught:
        router.send_multipart([b"unknown", b"x"])
    assert caught.value.errno == zmq.EHOSTUNREACH
    dealer.connect("inproc://here")
    dealer.send(b"")
    router.recv_multipart()
    router.send_multipart([b"known", b"y"])
    assert dealer.recv() == b"y"


def test_probe_router(make_socket):
    router, dealer = make_socket(zmq.ROUTER), make_socket(zmq.DEALER, routing_id=b"d", probe_router=1)
    router.bind("tcp://127.0.0.1:*")
    dealer.connect(router.get_string(zmq.LAST_ENDPOINT))
    assert router.recv_multipart() == [b"d", b""]


def test_connect_routing_id(make_socket):
    """The connecting ROUTER may name its peer itself."""
    router, dealer = make_socket(zmq.ROUTER), make_socket(zmq.DEALER)
    dealer.bind("tcp://127.0.0.1:*")
    router.connect_routing_id = b"mine"
    router.connect(dealer.get_string(zmq.LAST_ENDPOINT))
    router.send_multipart([b"mine", b"x"])
    assert dealer.recv() == b"x"
    dealer.send(b"y")
    assert router.recv_multipart() == [b"mine", b"y"]


def test_push_deals_in_turn(make_socket):
    push = make_socket(zmq.PUSH)
    push.bind("inproc://here")
    pulls = [make_socket(zmq.PULL) for _ in range(3)]
    for pull in pulls:
        pull.connect("inproc://here")
    for _ in range(12):
        push.send(b"x")
    for pull in pulls:
        assert [pull.recv() for _ in range(4)] == [b"x"] * 4
        assert not pull.poll(0)


def test_pull_takes_from_all(make_socket):
    pull = make_socket(zmq.PULL)
    pull.bind("inproc://here")
    pushes = [make_socket(zmq.PUSH) for _ in range(3)]
    for name, push in enumerate(pushes):
        push.connect("inproc://here")
        for _ in range(10):
            push.send(b"%d" % name)
    assert sorted(pull.recv() for _ in range(30)) == [b"0"] * 10 + [b"1"] * 10 + [b"2"] * 10


# The states of REQ and REP.


def test_wrong_state(make_socket):
    requester, replier = make_socket(zmq.REQ), make_socket(zmq.REP)
    replier.bind("inproc://here")
    requester.connect("inproc://here")

    def refused(call, *args):
        with pytest.raises(zmq.ZMQError) as caught:
            call(*args)
        assert caught.value.errno == zmq.EFSM

    refused(requester.recv)
    refused(replier.send, b"unasked")
    requester.send(b"question")
    refused(requester.send, b"another")
    assert replier.recv() == b"question"
    refused(replier.recv)
    replier.send(b"answer")
    refused(replier.send, b"more")
    assert requester.recv() == b"answer"
    refused(requester.recv)


def test_a_relaxed_req_may_ask_again(make_socket):
    requester, router = make_socket(zmq.REQ, req_relaxed=1, req_correlate=1), make_socket(zmq.ROUTER)
    router.bind("inproc://here")
    requester.connect("inproc://here")
    requester.send(b"1")
    stale = router.recv_multipart()
    requester.send(b"2")
    fresh = router.recv_multipart()
    router.send_multipart([*stale[:-1], b"too late"])
    router.send_multipart([*fresh[:-1], b"right"])
    assert requester.recv() == b"right"


@pytest.mark.parametrize(
    ("name", "operation"),
    [("PUSH", "recv"), ("PUB", "recv"), ("PULL", "send"), ("SUB", "send")],
)
def test_operation_that_the_type_does_not_have(make_socket, name, operation):
    with pytest.raises(zmq.ZMQError) as caught:
        getattr(make_socket(zmq.SocketType[name]), operation)(*[b"x"] * (operation == "send"))
    assert caught.value.errno == zmq.ENOTSUP


# STREAM speaks with programs that know nothing of ZeroMQ.


def test_stream_as_server(make_socket):
    stream = make_socket(zmq.STREAM)
    stream.bind("tcp://127.0.0.1:*")
    host, port = stream.get_string(zmq.LAST_ENDPOINT).removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        routing_id, nothing = stream.recv_multipart()
        assert nothing == b""
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            sender, chunk = stream.recv_multipart()
            assert sender == routing_id
            received += chunk
        assert received == b"GET / HTTP/1.0\r\n\r\n"
        stream.send_multipart([routing_id, b"HTTP/1.0 200 OK\r\n\r\n"])
        assert raw.recv(19, socket.MSG_WAITALL) == b"HTTP/1.0 200 OK\r\n\r\n"
        # An empty message closes the connection, which the socket has to be called for until it is done.
        stream.send_multipart([routing_id, b""])
        poller = zmq.Poller()
        poller.register(stream, zmq.POLLIN)
        poller.register(raw, zmq.POLLIN)
        assert poller.poll(20_000) == [(raw.fileno(), zmq.POLLIN)]
        assert raw.recv(1) == b""


def test_stream_as_client(make_socket):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = make_socket(zmq.STREAM)
        stream.connect("tcp://{}:{}".format(*listener.getsockname()))
        raw, _ = listener.accept()
    with raw:
        raw.settimeout(20)
        routing_id, nothing = stream.recv_multipart()
        assert nothing == b""
        stream.send_multipart([routing_id, b"ping"])
        assert raw.recv(4, socket.MSG_WAITALL) == b"ping"
        raw.sendall(b"pong")
        assert stream.recv_multipart() == [routing_id, b"pong"]
    # The peer's leaving is announced as its coming was.
    assert stream.recv_multipart() == [routing_id, b""]


def test_all_types_are_known_to_the_socket(make_socket):
    names = "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB STREAM".split()
    for number, name in enumerate(names):
        made = make_socket(getattr(zmq, name))
        assert made.type == made.socket_type == made.get(zmq.TYPE) == number
        assert name in repr(made)


@pytest.mark.parametrize("number", [77, 1000])
def test_unknown_type(context, number):
    with pytest.raises(zmq.ZMQError) as caught:
        context.socket(number)
    assert caught.value.errno == zmq.EINVAL
