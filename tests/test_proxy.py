"""Proxies and monitored queues pass messages on, from a thread or a process, until they are ended."""

from __future__ import annotations

import signal
import struct
import threading

import pytest

import zmqbind as zmq
from zmqbind.devices import monitored_queue

# Seconds; nothing here takes as long.
PATIENCE = 20


@pytest.fixture(autouse=True)
def patience(context):
    """A message that does not come is a failure, not a hang."""
    context.rcvtimeo = context.sndtimeo = PATIENCE * 1000
    context.linger = 0


@pytest.fixture
def made():
    """The sockets of a test that no thread has taken over; closed in the end."""
    sockets = []
    yield sockets
    close_all(sockets)


def close_all(sockets):
    while sockets:
        sockets.pop().close()


@pytest.fixture
def at(context, made):
    """``at(how, type, name)``: a socket bound or connected to ``inproc://name``."""

    def at(how, socket_type, name):
        made.append(context.socket(socket_type))
        getattr(made[-1], how)(f"inproc://{name}")
        return made[-1]

    return at


@pytest.fixture
def background(context, made):
    """``background(function, *sockets)``: a thread that runs it with sockets, which it closes in the end.

    The thread has `result`, what the function returned, or `error`, the ZMQError it raised.
    """
    threads = []

    def start(function, *sockets):
        def run():
            try:
                thread.result = function(*sockets)
            except zmq.ZMQError as error:
                thread.error = error
            finally:
                for sock in sockets:
                    if sock is not None:
                        sock.close()

        made[:] = [sock for sock in made if sock not in sockets]
        thread = threading.Thread(target=run, daemon=True)
        thread.result = thread.error = None
        thread.start()
        threads.append(thread)
        return thread

    yield start
    close_all(made)
    context.term()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def ends(background, at):
    """A client and a worker for either side of a proxy."""
    return at("connect", zmq.REQ, "frontend"), at("connect", zmq.REP, "backend")


def ask(client, worker, text):
    """A request and its reply, all the way through."""
    client.send_multipart([text, b"", b"tail"])
    assert worker.recv_multipart() == [text, b"", b"tail"]
    worker.send(text[::-1])
    assert client.recv() == text[::-1]


def test_proxy(background, at, ends, context):
    thread = background(zmq.proxy, at("bind", zmq.ROUTER, "frontend"), at("bind", zmq.DEALER, "backend"))
    for number in range(100):
        ask(*ends, b"request %d" % number)
    for end in ends:
        end.close()
    context.term()
    thread.join(PATIENCE)
    assert isinstance(thread.error, zmq.ContextTerminated)


def test_proxy_of_many_clients_and_workers(background, at):
    background(zmq.proxy, at("bind", zmq.ROUTER, "frontend"), at("bind", zmq.DEALER, "backend"))
    clients = [at("connect", zmq.REQ, "frontend") for _ in range(5)]
    workers = [at("connect", zmq.REP, "backend") for _ in range(3)]
    for number, client in enumerate(clients):
        client.send(b"%d" % number)
    answered = 0
    poller = zmq.Poller()
    for worker in workers:
        poller.register(worker, zmq.POLLIN)
    while answered < len(clients):
        ready = poller.poll(PATIENCE * 1000)
        assert ready
        for worker, _ in ready:
            worker.send(b"answer to " + worker.recv())
            answered += 1
    for number, client in enumerate(clients):
        assert client.recv() == b"answer to %d" % number


def test_capture(background, at, ends):
    capture = at("bind", zmq.PULL, "capture")
    background(
        zmq.proxy,
        at("bind", zmq.ROUTER, "frontend"),
        at("bind", zmq.DEALER, "backend"),
        at("connect", zmq.PUSH, "capture"),
    )
    with capture:
        ask(*ends, b"abc")
        request, reply = capture.recv_multipart(), capture.recv_multipart()
        assert request[1:] == [b"", b"abc", b"", b"tail"]
        assert reply == [request[0], b"", b"cba"]


def test_forwarder(background, at):
    """XSUB and XPUB: subscriptions go up, publications down."""
    background(zmq.proxy, at("bind", zmq.XSUB, "frontend"), at("bind", zmq.XPUB, "backend"))
    with at("connect", zmq.XPUB, "frontend") as publisher, at("connect", zmq.SUB, "backend") as subscriber:
        subscriber.subscribe("a")
        assert publisher.recv() == b"\x01a"
        publisher.send(b"banana")
        publisher.send(b"apple")
        assert subscriber.recv() == b"apple"


def test_streamer_as_a_device(background, at):
    """`device` is the proxy of old; its type is ignored, as in libzmq."""
    background(
        lambda *sockets: zmq.device(zmq.STREAMER, *sockets),
        at("bind", zmq.PULL, "frontend"),
        at("bind", zmq.PUSH, "backend"),
    )
    with at("connect", zmq.PUSH, "frontend") as source, at("connect", zmq.PULL, "backend") as sink:
        for number in range(10):
            source.send(b"%d" % number)
        assert [sink.recv() for _ in range(10)] == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("name", ["proxy", "proxy_steerable"])
@pytest.mark.parametrize("bad", [(None, None), ("a", "b"), (1, 2)])
def test_what_is_no_socket(name, bad):
    with pytest.raises(TypeError):
        getattr(zmq, name)(*bad)


def test_a_closed_socket(context, at):
    frontend, backend = at("bind", zmq.ROUTER, "frontend"), at("bind", zmq.DEALER, "backend")
    backend.close()
    for call in (zmq.proxy, zmq.proxy_steerable, monitored_queue):
        with pytest.raises(zmq.ZMQError) as caught:
            call(frontend, backend, *[frontend] * (call is monitored_queue))
        assert caught.value.errno == zmq.ENOTSOCK


def test_interrupted(start_python):
    child = start_python("""
        import zmqbind as zmq
        with zmq.Context() as context, context.socket(zmq.ROUTER) as a, context.socket(zmq.DEALER) as b:
            a.bind("inproc://a")
            b.bind("tcp://127.0.0.1:*")
            with context.socket(zmq.DEALER) as client:
                client.connect("inproc://a")
                client.send(b"the proxy runs")
                print(b.get_string(zmq.LAST_ENDPOINT))
                try:
                    zmq.proxy(a, b)
                except KeyboardInterrupt:
                    print("interrupted")
    """)
    endpoint = child.stdout.readline().strip()
    with zmq.Context() as context, context.socket(zmq.DEALER) as backend:
        backend.rcvtimeo = PATIENCE * 1000
        backend.connect(endpoint)
        assert backend.recv_multipart()[-1] == b"the proxy runs"
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=PATIENCE)
    assert output == "interrupted\n"
    assert child.returncode == 0


# The steerable proxy.


@pytest.fixture
def steered(background, at):
    """A steerable proxy between PULL and PUSH: its thread, the control socket, a source and a sink."""
    control = at("bind", zmq.PAIR, "control")
    thread = background(
        zmq.proxy_steerable,
        at("bind", zmq.PULL, "frontend"),
        at("bind", zmq.PUSH, "backend"),
        None,
        at("connect", zmq.PAIR, "control"),
    )
    return thread, control, at("connect", zmq.PUSH, "frontend"), at("connect", zmq.PULL, "backend")


def statistics(control):
    """Messages and bytes, received and sent, of the frontend and of the backend: zmq_proxy_steerable(3)."""
    control.send(b"STATISTICS")
    frames = control.recv_multipart()
    while frames == [b""]:  # what libzmq 4.3.5 answers to the commands before
        frames = control.recv_multipart()
    assert [len(frame) for frame in frames] == [8] * 8
    return [struct.unpack("=Q", frame)[0] for frame in frames]


def test_steerable_terminate(steered):
    thread, control, source, sink = steered
    source.send(b"x")
    assert sink.recv() == b"x"
    control.send(b"TERMINATE")
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert thread.error is None


def test_steerable_statistics(steered):
    _, control, source, sink = steered
    assert statistics(control) == [0] * 8
    for message in ([b"abc"], [b"de", b"", b"f"]):
        source.send_multipart(message)
        assert sink.recv_multipart() == message
    messages_in, bytes_in, messages_out, bytes_out, *backend = statistics(control)
    assert (bytes_in, messages_out, bytes_out) == (6, 0, 0)
    assert backend == [0, 0, messages_in, 6]
    # libzmq counts frames where its manual says messages.
    assert messages_in in (2, 4)


def test_steerable_pause_and_resume(steered):
    _, control, source, sink = steered
    source.send(b"before")
    assert sink.recv() == b"before"
    control.send(b"PAUSE")
    # The reply says that PAUSE was dealt with before.
    statistics(control)
    source.send(b"meanwhile")
    assert statistics(control)[4:] == [0, 0, 1, 6]
    assert not sink.poll(0)
    control.send(b"RESUME")
    assert sink.recv() == b"meanwhile"


def test_steerable_without_control_is_a_proxy(background, at, ends):
    background(zmq.proxy_steerable, at("bind", zmq.ROUTER, "frontend"), at("bind", zmq.DEALER, "backend"))
    ask(*ends, b"x")


def test_steerable_ended_by_the_context(steered, context):
    thread, *sockets = steered
    for sock in sockets:
        sock.close()
    context.term()
    thread.join(PATIENCE)
    assert isinstance(thread.error, zmq.ContextTerminated)


def test_steerable_repeatedly(steered):
    """Pausing a paused proxy and resuming a running one is harmless."""
    _, control, source, sink = steered
    for command in (b"PAUSE", b"PAUSE", b"RESUME", b"RESUME"):
        control.send(command)
    source.send(b"x")
    assert sink.recv() == b"x"


# The monitored queue.


def queue(background, at, in_type, out_type, *prefixes):
    monitor = at("bind", zmq.PULL, "monitor")
    thread = background(
        lambda *sockets: monitored_queue(*sockets, *prefixes),
        at("bind", in_type, "frontend"),
        at("bind", out_type, "backend"),
        at("connect", zmq.PUSH, "monitor"),
    )
    return thread, monitor


def test_monitored_queue_of_requests(background, at, ends):
    """The default prefixes are b"in" and b"out"."""
    _, monitor = queue(background, at, zmq.ROUTER, zmq.DEALER)
    with monitor:
        ask(*ends, b"abc")
        request, reply = monitor.recv_multipart(), monitor.recv_multipart()
    routing_id = request[1]
    assert request == [b"in", routing_id, b"", b"abc", b"", b"tail"]
    assert reply == [b"out", routing_id, b"", b"cba"]


def test_monitored_queue_with_prefixes(background, at):
    _, monitor = queue(background, at, zmq.PAIR, zmq.PAIR, b"there", b"back")
    with monitor, at("connect", zmq.PAIR, "frontend") as a, at("connect", zmq.PAIR, "backend") as b:
        a.send_multipart([b"1", b"", b"2"])
        assert b.recv_multipart() == [b"1", b"", b"2"]
        assert monitor.recv_multipart() == [b"there", b"1", b"", b"2"]
        b.send(b"3")
        assert a.recv() == b"3"
        assert monitor.recv_multipart() == [b"back", b"3"]


def test_monitored_queue_one_way(background, at):
    _, monitor = queue(background, at, zmq.PULL, zmq.PUSH)
    with monitor, at("connect", zmq.PUSH, "frontend") as source, at("connect", zmq.PULL, "backend") as sink:
        for number in range(100):
            source.send(b"%d" % number)
        assert [sink.recv() for _ in range(100)] == [b"%d" % number for number in range(100)]
        assert [monitor.recv_multipart() for _ in range(100)] == [[b"in", b"%d" % number] for number in range(100)]


def test_monitored_queue_between_two_routers(background, at, context):
    """The first two frames, sender and addressee, change places: either side can address the other."""
    _, monitor = queue(background, at, zmq.ROUTER, zmq.ROUTER)
    with monitor, context.socket(zmq.DEALER) as a, context.socket(zmq.DEALER) as b:
        a.routing_id, b.routing_id = b"a", b"b"
        a.connect("inproc://frontend")
        b.connect("inproc://backend")
        for _ in range(2000):  # until the queue's routers have met both
            a.send_multipart([b"b", b"hello"])
            if b.poll(10):
                break
        assert b.recv_multipart() == [b"a", b"hello"]
        b.send_multipart([b"a", b"welcome"])
        assert a.recv_multipart() == [b"b", b"welcome"]


def test_monitored_queue_ends_with_the_context(background, at, context):
    thread, monitor = queue(background, at, zmq.ROUTER, zmq.DEALER)
    monitor.close()
    context.term()
    thread.join(PATIENCE)
    assert isinstance(thread.error, zmq.ContextTerminated)


@pytest.mark.parametrize("prefix", ["text", 1, None])
def test_monitored_queue_prefix_of_another_type(at, prefix):
    sockets = at("bind", zmq.ROUTER, "a"), at("bind", zmq.DEALER, "b"), at("bind", zmq.PUSH, "c")
    for prefixes in ((prefix, b"out"), (b"in", prefix)):
        with pytest.raises(TypeError):
            monitored_queue(*sockets, *prefixes)
