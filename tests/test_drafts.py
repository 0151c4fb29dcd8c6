"""What only a libzmq that was built with its drafts has (`make drafts`), and what is said where it was not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import signal
import socket as network
import struct
import threading
import time
from pathlib import Path

import pytest

import zmqbind as zmq
import zmqbind.asyncio

TYPES = "SERVER CLIENT RADIO DISH GATHER SCATTER DGRAM PEER CHANNEL".split()
SHARED = [name for name in TYPES if name != "DGRAM"]  # libzmq's word for them is thread-safe
PAIRS = [("SCATTER", "GATHER"), ("CHANNEL", "CHANNEL"), ("CLIENT", "SERVER")]
PATIENCE = 40  # seconds, for what takes none

drafts = pytest.mark.skipif(not zmq.has("draft"), reason="this libzmq was built without drafts")
no_drafts = pytest.mark.skipif(zmq.has("draft"), reason="this libzmq was built with drafts")


class Thread(threading.Thread):
    """A thread whose result, or exception, is that of `result`."""

    def __init__(self, function, *args):
        super().__init__(daemon=True)
        self.function, self.args = function, args
        self.start()

    def run(self):
        try:
            self.value, self.error = self.function(*self.args), None
        except BaseException as error:
            self.error = error

    def result(self):
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.value


@pytest.fixture
def pair(connected_pair):
    """``pair(sender, receiver, transport="inproc")``: a sender connected to a receiver, by the names of their types."""

    def connect(sender, receiver, transport="inproc", **options):
        target, source = connected_pair(zmq.SocketType[receiver], zmq.SocketType[sender], transport, **options)
        return source, target

    return connect


@pytest.fixture
def client_and_server(pair):
    """A CLIENT, a SERVER, and the routing id that the one has at the other."""
    client, server = pair("CLIENT", "SERVER")
    client.send(b"hello")
    return client, server, server.recv(copy=False).routing_id


def bells():
    """How many descriptors there are of the kind that threads wait for."""
    links = []
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(os.readlink(file))
    return links.count("anon_inode:[eventfd]")


def start_waiting(function, *args):
    """Start a thread and return it when it waits in a thread-safe socket."""
    before = bells()
    thread = Thread(function, *args)
    deadline = time.monotonic() + PATIENCE
    while bells() == before:
        assert thread.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return thread


on_linux = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc tells who waits")


# Without drafts.


@no_drafts
@pytest.mark.parametrize("name", TYPES)
def test_type_is_missing(context, raises_errno, name):
    with raises_errno(zmq.EINVAL, match=rf"{name} is a draft: libzmq {zmq.zmq_version()} was built without drafts"):
        context.socket(zmq.SocketType[name])


@no_drafts
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("join", ["group"]),
        ("leave", ["group"]),
        ("connect_peer", ["inproc://here"]),
        ("monitor_versioned", ["inproc://here"]),
        ("monitor_pipes_stats", []),
    ],
)
def test_method_is_missing(make_socket, method, arguments):
    socket = make_socket(zmq.SUB)
    with pytest.raises(zmq.ZMQVersionError, match=rf"^{method} requires libzmq >= 4\.\d\.\d with drafts, have 4"):
        getattr(socket, method)(*arguments)


@no_drafts
@pytest.mark.parametrize("address", [{"routing_id": 1}, {"group": "music"}])
@pytest.mark.parametrize("send", [lambda s, **a: s.send(b"x", **a), lambda s, **a: s.send_multipart([b"x"], **a)])
def test_address_is_missing(connected_pair, send, address):
    sender, receiver = connected_pair(zmq.PAIR, zmq.PAIR)
    with pytest.raises(NotImplementedError, match=f"^{next(iter(address))} requires libzmq .* with drafts"):
        send(sender, **address)
    sender.send(b"next")
    assert receiver.recv() == b"next"


# The patterns.


@drafts
@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_one_way(pair, transport, sender, receiver):
    source, target = pair(sender, receiver, transport)
    for message in (b"", b"x", b"y" * 100_000):
        source.send(message)
        assert target.recv() == message


@drafts
def test_client_and_server(pair, transport):
    client, server = pair("CLIENT", "SERVER", transport)
    client.send(b"question")
    question = server.recv(copy=False)
    assert question.bytes == b"question"
    server.send(b"answer", routing_id=question.routing_id)
    assert client.recv() == b"answer"
    server.send_string("again", routing_id=question.routing_id)
    assert client.recv_string() == "again"
    for content in (b"by frame", bytearray(b"by frame")):
        reply = zmq.Frame(content)
        reply.routing_id = question.routing_id
        for copy in (True, False):
            server.send(reply, copy=copy)
            assert client.recv() == b"by frame"
    server.send(question)  # it has the routing id already
    assert client.recv() == b"question"
    server.send_multipart([b"in one part"], routing_id=question.routing_id)
    assert client.recv_multipart() == [b"in one part"]


@drafts
def test_two_clients_of_a_server(pair, make_socket):
    one, server = pair("CLIENT", "SERVER")
    two = make_socket(zmq.CLIENT)
    two.connect(server.last_endpoint.decode())
    ids = {}
    for client in (one, two):
        client.send(b"x")
        ids[client] = server.recv(copy=False).routing_id
    for routing_id in ids.values():
        server.send(str(routing_id).encode(), routing_id=routing_id)
    assert {client: int(client.recv()) for client in ids} == ids


@drafts
def test_server_without_an_address(client_and_server, raises_errno):
    client, server, routing_id = client_and_server
    with raises_errno(zmq.EHOSTUNREACH, match="SERVER sockets send to a routing_id"):
        server.send(b"whom?")
    with raises_errno(zmq.EHOSTUNREACH, match=f"routing_id={routing_id + 1}: no such peer"):
        server.send(b"whom?", routing_id=routing_id + 1)
    with raises_errno(zmq.EINVAL, match="routing_id 0"):
        server.send(b"whom?", routing_id=0)
    server.send(b"you", routing_id=routing_id)
    assert client.recv() == b"you"


@drafts
@pytest.mark.parametrize("udp", [False, True])
def test_radio_and_dish(make_socket, udp):
    radio, dish = make_socket(zmq.RADIO), make_socket(zmq.DISH, rcvtimeo=10)
    endpoint = f"udp://127.0.0.1:{free_udp_port()}" if udp else "tcp://127.0.0.1:*"
    dish.bind(endpoint)
    radio.connect(endpoint if udp else dish.last_endpoint.decode())
    dish.join("music")
    dish.join(b"weather")
    deadline = time.monotonic() + PATIENCE
    heard = set()
    while heard != {("music", b"song"), ("weather", b"rain")}:
        assert time.monotonic() < deadline
        radio.send(b"news", group="news")
        song = zmq.Frame(bytearray(b"song"))
        song.group = "music"
        radio.send(song)
        radio.send(b"rain", group="weather")
        with contextlib.suppress(zmq.Again):
            message = dish.recv(copy=False)
            heard.add((message.group, message.bytes))
    dish.leave("music")
    with pytest.raises(zmq.ZMQError, match="group='music'"):
        dish.leave("music")
    with pytest.raises(zmq.ZMQError, match="group='weather'"):
        dish.join("weather")
    with pytest.raises(zmq.ZMQError, match="group="):
        dish.join("x" * 256)


@drafts
def test_groups_are_for_dishes(make_socket, raises_errno):
    with raises_errno(zmq.ENOTSUP, match="group='music'"):
        make_socket(zmq.SUB).join("music")


def free_udp_port():
    with network.socket(type=network.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@drafts
def test_dgram(make_socket):
    dgram = make_socket(zmq.DGRAM, rcvtimeo=10)
    port = free_udp_port()
    dgram.bind(f"udp://127.0.0.1:{port}")
    with network.socket(type=network.SOCK_DGRAM) as peer:
        peer.settimeout(PATIENCE)
        peer.bind(("127.0.0.1", 0))
        deadline = time.monotonic() + PATIENCE
        message = []
        while not message:  # libzmq binds some time after bind()
            assert time.monotonic() < deadline
            peer.sendto(b"question", ("127.0.0.1", port))
            with contextlib.suppress(zmq.Again):
                message = dgram.recv_multipart()
        address, question = message
        assert question == b"question"
        assert address.decode() == "{}:{}\0".format(*peer.getsockname())
        dgram.send_multipart([address, b"answer"])
        assert peer.recv(100) == b"answer"


@drafts
def test_peers(make_socket):
    one, two = make_socket(zmq.PEER), make_socket(zmq.PEER)
    two.bind("inproc://two")
    routing_id = one.connect_peer("inproc://two")
    one.send(b"question", routing_id=routing_id)
    question = two.recv(copy=False)
    two.send(b"answer", routing_id=question.routing_id)
    assert one.recv() == b"answer"


@drafts
def test_only_peers_connect_as_such(make_socket, raises_errno):
    with pytest.raises(zmq.ZMQError, match="addr='inproc://here'"):
        make_socket(zmq.CLIENT).connect_peer("inproc://here")


@drafts
@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_multipart_is_refused(pair, raises_errno, sender, receiver):
    source, target = pair(sender, receiver)
    for send in (
        lambda: source.send(b"a", zmq.SNDMORE),
        lambda: source.send_multipart([b"a", b"b"]),
        lambda: source.send_multipart([b"a", b"b"], zmq.DONTWAIT),
        lambda: source.send_batch_multipart([[b"a", b"b"]]),
    ):
        with raises_errno(zmq.EINVAL, match=f"messages of {sender} sockets have one part"):
            send()
    source.send(b"next")
    assert target.recv_multipart() == [b"next"]


@drafts
def test_batches(pair):
    source, target = pair("SCATTER", "GATHER")
    assert source.send_batch([b"a", b"b", b"c"]) == 3
    assert target.recv_batch() == [b"a", b"b", b"c"]


# Waiting.


@drafts
@on_linux
@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_receiving_waits(pair, transport, sender, receiver):
    source, target = pair(sender, receiver, transport)
    thread = start_waiting(target.recv)
    source.send(b"x")
    assert thread.result() == b"x"


@drafts
@on_linux
def test_sending_waits_for_a_peer(make_socket):
    client, server = make_socket(zmq.CLIENT), make_socket(zmq.SERVER)
    thread = start_waiting(client.send, b"x")
    server.bind("tcp://127.0.0.1:*")
    client.connect(server.last_endpoint.decode())
    assert server.recv() == b"x"
    thread.result()


@drafts
@on_linux
def test_sending_waits_for_room(pair):
    source, target = pair("SCATTER", "GATHER", sndhwm=1, rcvhwm=1)
    sent = 0
    with contextlib.suppress(zmq.Again):
        while True:
            source.send(b"x", zmq.DONTWAIT)
            sent += 1
    thread = start_waiting(source.send, b"last")
    received = []
    while b"last" not in received:
        received.append(target.recv())
    assert received == [b"x"] * sent + [b"last"]
    thread.result()


@drafts
@pytest.mark.parametrize("name", ["CLIENT", "SERVER", "DISH", "GATHER", "CHANNEL", "PEER", "DGRAM"])
def test_rcvtimeo(make_socket, name):
    socket = make_socket(zmq.SocketType[name], rcvtimeo=20)
    with pytest.raises(zmq.Again):
        socket.recv()
    socket.rcvtimeo = 0
    with pytest.raises(zmq.Again):
        socket.recv(copy=False)
    socket.rcvtimeo = -1
    with pytest.raises(zmq.Again):
        socket.recv(zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        socket.recv_batch(timeout=20)


@drafts
@pytest.mark.parametrize("name", ["CLIENT", "SCATTER", "CHANNEL"])
def test_sndtimeo(make_socket, name):
    socket = make_socket(zmq.SocketType[name], sndtimeo=20)
    with pytest.raises(zmq.Again):
        socket.send(b"x")
    with pytest.raises(zmq.Again):
        socket.send(b"x", zmq.DONTWAIT)


@drafts
@pytest.mark.skipif(os.name == "nt", reason="no SIGALRM")
def test_signal_handlers_may_use_the_socket(client_and_server):
    client, server, routing_id = client_and_server

    def handler(number, frame):
        server.send(b"from the handler", routing_id=routing_id)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert client.recv() == b"from the handler"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@drafts
@pytest.mark.skipif(os.name == "nt", reason="other signals")
@pytest.mark.parametrize("call", ["recv()", "poll()", "send(b'x')"])
def test_ctrl_c(start_python, call):
    child = start_python(f"""
        import zmqbind as zmq
        socket = zmq.Context().socket(zmq.CLIENT)
        try:
            print("ready")
            socket.{call.replace("poll()", "poll(None, zmq.POLLIN)")}
        except KeyboardInterrupt:
            print("interrupted")
        socket.close()
        """)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=PATIENCE)[0] == "interrupted\n"
    assert child.returncode == 0


@drafts
def test_leaving_while_a_daemon_thread_waits(start_python):
    child = start_python("""
        import threading
        import zmqbind as zmq
        context = zmq.Context()
        server = context.socket(zmq.SERVER)
        waiting = threading.Event()
        def wait():
            waiting.set()
            server.recv()
        threading.Thread(target=wait, daemon=True).start()
        waiting.wait()
        print("leaving")
        """)
    output = child.communicate(timeout=PATIENCE)[0]
    assert output.startswith("leaving\n")
    assert child.returncode == 0


# Several threads.


@drafts
@on_linux
def test_one_thread_receives_while_another_sends(client_and_server):
    client, server, routing_id = client_and_server
    thread = start_waiting(client.recv)
    client.send(b"question")
    client.rcvtimeo = -1
    assert server.recv() == b"question"
    server.send(b"answer", routing_id=routing_id)
    assert thread.result() == b"answer"


@drafts
def test_every_thread_that_waits_is_woken(pair):
    """None is lost: nobody takes from another what tells of a message."""
    source, target = pair("SCATTER", "GATHER", rcvtimeo=1000 * PATIENCE)
    threads, rounds = 4, 250
    barrier = threading.Barrier(threads + 1, timeout=PATIENCE)

    def receive():
        received = []
        for _ in range(rounds):
            barrier.wait()
            received.append(target.recv())
        return received

    running = [Thread(receive) for _ in range(threads)]
    sent = [str(i).encode() for i in range(threads * rounds)]
    for i, message in enumerate(sent):
        if i % threads == 0:
            barrier.wait()  # all have received what there was
            target.poll(0)  # looks at what they wait for
        source.send(message)
    received = [message for thread in running for message in thread.result()]
    assert sorted(received) == sorted(sent)


@drafts
def test_several_threads_send(pair):
    source, target = pair("CLIENT", "SERVER", sndhwm=10, rcvhwm=10)
    running = [Thread(lambda i=i: [source.send(f"{i} {j}".encode()) for j in range(200)]) for i in range(4)]
    received = [target.recv().decode().split() for _ in range(800)]
    for thread in running:
        thread.result()
    for i in range(4):
        assert [int(n) for sender, n in received if sender == str(i)] == list(range(200))


@drafts
@on_linux
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_binding_while_another_thread_waits(make_socket, endpoint_for, transport):
    server, client = make_socket(zmq.SERVER), make_socket(zmq.CLIENT)
    thread = start_waiting(server.recv)
    server.bind(endpoint_for(transport))
    client.connect(server.last_endpoint.decode())
    client.send(b"x")
    assert thread.result() == b"x"


@drafts
@on_linux
@pytest.mark.parametrize("wait", ["recv", "poll"])
def test_closing_while_another_thread_waits(pair, wait):
    source, target = pair("SCATTER", "GATHER")
    thread = start_waiting(getattr(target, wait))
    with pytest.raises(zmq.ConcurrentUseError, match=rf"close\(\) .* {wait}\(\)"):
        target.close()
    source.send(b"x")
    thread.result()
    target.close()
    assert target.closed


@drafts
@on_linux
@pytest.mark.parametrize("wait", ["recv", "poll"])
def test_destroying_the_context_while_threads_wait(wait):
    context = zmq.Context()
    socket = context.socket(zmq.SERVER)
    threads = [start_waiting(getattr(socket, wait)) for _ in range(2)]
    context.destroy(linger=0)
    for thread in threads:
        with pytest.raises(zmq.ContextTerminated):
            thread.result()
    assert socket.closed


@drafts
@on_linux
def test_dropping_the_socket_while_a_shadow_waits(context, pair):
    source, _ = pair("SCATTER", "GATHER")
    target = context.socket(zmq.GATHER)
    target.bind("inproc://dropped")
    source.connect("inproc://dropped")
    thread = start_waiting(zmq.Socket.shadow(target).recv)
    with pytest.warns(ResourceWarning, match="unclosed"):
        del target
    for _ in range(2):  # one for each target
        source.send(b"x")
    assert thread.result() == b"x"


@drafts
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork(start_python):
    child = start_python("""
        import errno, os, threading
        import zmqbind as zmq
        context = zmq.Context()
        server, client = context.socket(zmq.SERVER), context.socket(zmq.CLIENT)
        server.bind("inproc://here")
        client.connect("inproc://here")
        waiter = threading.Thread(target=lambda: print("received", server.recv()))
        waiter.start()
        pid = os.fork()
        if pid == 0:
            for call in (client.recv, client.poll, lambda: client.send(b"x"), lambda: server.join("group")):
                try:
                    call()
                except zmq.ZMQError as error:
                    assert error.errno == errno.ENOTSOCK, error
                    assert "parent process" in str(error)
                else:
                    os._exit(3)
            server.close()
            client.close()
            context.term()
            with zmq.Context() as own, own.socket(zmq.SERVER) as one, own.socket(zmq.CLIENT) as two:
                one.bind("inproc://here")
                two.connect("inproc://here")
                two.send(b"mine")
                assert one.recv() == b"mine"
            os._exit(0)
        print("child", os.waitpid(pid, 0)[1])
        client.send(b"x")
        waiter.join()
        context.destroy()
        """)
    output = child.communicate(timeout=PATIENCE)[0]
    assert "child 0\n" in output
    assert "received b'x'\n" in output
    assert child.returncode == 0


@drafts
@on_linux
def test_waiting_leaves_no_descriptors(pair):
    source, target = pair("SCATTER", "GATHER", rcvtimeo=1)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        with contextlib.suppress(zmq.Again):
            target.recv()
        target.poll(1)
    assert len(os.listdir("/proc/self/fd")) == before
    source.send(b"x")
    assert target.recv() == b"x"


@drafts
def test_proxy(make_socket):
    front, back = make_socket(zmq.GATHER), make_socket(zmq.SCATTER)
    source, target = make_socket(zmq.SCATTER), make_socket(zmq.GATHER)
    front.bind("inproc://front")
    back.bind("inproc://back")
    source.connect("inproc://front")
    target.connect("inproc://back")
    thread = Thread(zmq.proxy, front, back)
    for i in range(100):
        source.send(b"%d" % i)
        assert target.recv() == b"%d" % i
    with pytest.raises(zmq.ConcurrentUseError, match=r"close\(\) .* proxy\(\)"):
        front.close()
    front.context.destroy(linger=0)
    with pytest.raises(zmq.ContextTerminated):
        thread.result()


# Polling.


@drafts
def test_poll(client_and_server):
    client, server, routing_id = client_and_server
    assert client.poll(0) == 0
    assert client.poll(20) == 0
    assert client.poll(0, zmq.POLLOUT) == zmq.POLLOUT
    server.send(b"x", routing_id=routing_id)
    assert client.poll(None) == zmq.POLLIN
    assert client.poll(None, zmq.POLLIN | zmq.POLLOUT) == zmq.POLLIN | zmq.POLLOUT
    assert client.get(zmq.EVENTS) == zmq.POLLIN | zmq.POLLOUT


@drafts
@on_linux
@pytest.mark.parametrize("which", ["shared", "other shared", "ordinary", "descriptor"])
def test_mixed_poller(pair, connected_pair, which):
    scatter, gather = pair("SCATTER", "GATHER")
    client, server = pair("CLIENT", "SERVER")
    push, pull = connected_pair(zmq.PUSH, zmq.PULL)
    reading, writing = os.pipe()
    try:
        poller = zmq.Poller()
        for entry in (gather, server, pull, reading):
            poller.register(entry, zmq.POLLIN)
        assert poller.poll(0) == []
        assert poller.poll(20) == []
        thread = start_waiting(poller.poll)
        ready, act = {
            "shared": (gather, lambda: scatter.send(b"x")),
            "other shared": (server, lambda: client.send(b"x")),
            "ordinary": (pull, lambda: push.send(b"x")),
            "descriptor": (reading, lambda: os.write(writing, b"x")),
        }[which]
        act()
        assert thread.result() == [(ready, zmq.POLLIN)]
        assert zmq.select([gather, server, pull, reading], [client], [], PATIENCE)[0] == [ready]
        assert zmq.zmq_poll([(gather, zmq.POLLIN), (client, zmq.POLLOUT)], 0)[-1] == (client, zmq.POLLOUT)
        assert zmq.zmq_poll([(gather, zmq.POLLIN)] * 2, 20) == [(gather, zmq.POLLIN)] * (2 * (which == "shared"))
    finally:
        os.close(reading)
        os.close(writing)


@drafts
@on_linux
def test_two_threads_poll_one_socket(pair):
    source, target = pair("SCATTER", "GATHER")
    threads = [start_waiting(target.poll) for _ in range(3)]
    source.send(b"x")
    assert [thread.result() for thread in threads] == [zmq.POLLIN] * 3


@drafts
def test_descriptor(client_and_server):
    client, server, routing_id = client_and_server
    with pytest.warns(zmq.DraftFDWarning):
        descriptor = client.get(zmq.FD)
    with pytest.warns(zmq.DraftFDWarning):
        assert client.fileno() == descriptor
    assert not client.get(zmq.EVENTS) & zmq.POLLIN
    assert select.select([descriptor], [], [], 0)[0] == []
    for _ in range(3):
        server.send(b"x", routing_id=routing_id)
        assert select.select([descriptor], [], [], PATIENCE)[0] == [descriptor]
        assert client.get(zmq.EVENTS) & zmq.POLLIN
        assert select.select([descriptor], [], [], 0)[0] == []
        assert client.recv() == b"x"
        assert not client.get(zmq.EVENTS) & zmq.POLLIN


@drafts
@pytest.mark.parametrize("name", SHARED)
def test_thread_safe(make_socket, name):
    assert make_socket(zmq.SocketType[name]).get(zmq.THREAD_SAFE) == 1


# Event loops.


@drafts
def test_asyncio(endpoint_for):
    async def main():
        with zmqbind.asyncio.Context() as context:
            server, client = context.socket(zmq.SERVER), context.socket(zmq.CLIENT)
            with server, client:
                server.bind(endpoint_for("tcp"))
                client.connect(server.last_endpoint.decode())

                async def serve():
                    while True:
                        frame = await server.recv(copy=False)
                        await server.send(frame.bytes.upper(), routing_id=frame.routing_id)

                serving = asyncio.ensure_future(serve())
                for i in range(300):
                    await client.send(b"x%d" % i)
                    assert await client.recv() == b"X%d" % i
                lost = asyncio.ensure_future(client.recv())
                await asyncio.sleep(0)
                lost.cancel()
                await client.send(b"last")
                assert await client.poll(1000 * PATIENCE) == zmq.POLLIN
                assert await client.recv() == b"LAST"
                assert await client.poll(10) == 0
                with pytest.raises(zmq.ZMQError, match="CLIENT sockets have one part"):
                    await client.send_multipart([b"a", b"b"])
                serving.cancel()
                client.rcvtimeo = 10
                with pytest.raises(zmq.Again):
                    await client.recv()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


@drafts
def test_asyncio_and_a_thread(client_and_server):
    """A thread uses the socket meanwhile that a task waits for."""
    client, server, routing_id = client_and_server

    def work():
        for i in range(300):
            client.send(b"%d" % i)
            client.poll(0)

    async def main():
        receiver = zmqbind.asyncio.Socket.from_socket(client)
        thread = None
        for i in range(300):
            task = asyncio.ensure_future(receiver.recv())
            await asyncio.sleep(0)
            thread = thread or Thread(work)
            server.send(b"%d" % i, routing_id=routing_id)
            assert await task == b"%d" % i
        await asyncio.to_thread(thread.result)

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert server.recv_batch() == [b"%d" % i for i in range(300)]


@drafts
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    from zmqbind.anyio import Context

    async def main():
        with anyio.fail_after(PATIENCE), Context() as context:
            with context.socket(zmq.SERVER) as server, context.socket(zmq.CLIENT) as client:
                server.bind("tcp://127.0.0.1:*")
                client.connect(server.last_endpoint.decode())

                async def serve():
                    for _ in range(100):
                        frame = await server.recv(copy=False)
                        await server.send(frame.bytes.upper(), routing_id=frame.routing_id)

                async with anyio.create_task_group() as group:
                    group.start_soon(serve)
                    for i in range(100):
                        await client.send(b"x%d" % i)
                        assert await client.recv() == b"X%d" % i

    anyio.run(main, backend=backend)


@drafts
def test_greenlets():
    gevent = pytest.importorskip("gevent")
    from zmqbind.green import Context

    with Context() as context:
        with context.socket(zmq.SERVER) as server, context.socket(zmq.CLIENT) as client, gevent.Timeout(PATIENCE):
            server.bind("tcp://127.0.0.1:*")

            def serve():
                for _ in range(100):
                    assert server.poll() == zmq.POLLIN
                    frame = server.recv(copy=False)
                    server.send(frame.bytes.upper(), routing_id=frame.routing_id)

            serving = gevent.spawn(serve)
            client.connect(server.last_endpoint.decode())
            for i in range(100):
                client.send(b"x%d" % i)
                assert client.recv() == b"X%d" % i
            serving.get()
            client.rcvtimeo = 10
            with pytest.raises(zmq.Again):
                client.recv()


# Monitoring.


@drafts
def test_monitoring_by_version_2(context, make_socket):
    server, client = make_socket(zmq.SERVER), make_socket(zmq.CLIENT)
    events = make_socket(zmq.PAIR, rcvtimeo=1000 * PATIENCE)
    client.monitor_versioned("inproc://events")
    events.connect("inproc://events")
    server.bind("tcp://127.0.0.1:*")
    endpoint = server.last_endpoint
    client.connect(endpoint.decode())
    client.send(b"x")
    server.recv()
    seen = set()
    while zmq.Event.HANDSHAKE_SUCCEEDED not in seen:
        number, count, *rest = events.recv_multipart()
        (event,) = struct.unpack("=Q", number)
        (values,) = struct.unpack("=Q", count)
        assert len(rest) == values + 2
        assert rest[-1] == endpoint
        seen.add(event)
    client.monitor_pipes_stats()
    deadline = time.monotonic() + PATIENCE
    number = b""
    while number != struct.pack("=Q", zmq.Event.PIPES_STATS):
        assert time.monotonic() < deadline
        client.poll(0)  # the answer comes by way of the socket
        if events.poll(10):
            number, count, outgoing, incoming, *_ = events.recv_multipart()
    assert count == struct.pack("=Q", 2)
    assert len(outgoing) == len(incoming) == 8
    client.monitor_versioned(None, 0)


@drafts
def test_pipes_stats_without_monitoring(make_socket):
    with pytest.raises(zmq.ZMQError) as caught:
        make_socket(zmq.CLIENT).monitor_pipes_stats()
    assert caught.value.errno in (errno.EINVAL, errno.EAGAIN)
