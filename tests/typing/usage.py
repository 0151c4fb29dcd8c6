"""Typical uses of zmqbind: `mypy --strict` has to accept every line and type. Nothing runs this."""

import sys
from typing import Any

import zmqbind
import zmqbind as zmq
from zmqbind.auth import Authenticator, create_certificates, load_certificate
from zmqbind.auth.thread import ThreadAuthenticator
from zmqbind.devices import monitored_queue

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def contexts() -> None:
    context = zmq.Context()
    zmq.Context(4)
    zmq.Context(io_threads=2)
    assert_type(context.closed, bool)
    assert_type(context.underlying, int)
    assert_type(context.io_threads, int)
    context.max_sockets = 100
    assert_type(context.get(zmq.IO_THREADS), int)
    context.set(zmq.MAX_SOCKETS, 100)
    # Defaults of the sockets made later.
    context.linger = 0
    context.setsockopt(zmq.LINGER, 0)
    context.term()
    context.destroy()
    context.destroy(linger=0)
    with zmq.Context() as entered:
        entered.socket(zmq.PUB).close()
    instance = zmq.Context.instance()
    instance.socket(zmq.PAIR).close(linger=0)
    zmq.Context.shadow(context.underlying).socket(zmq.PAIR)


def sockets(context: zmq.Context) -> None:
    sock = context.socket(zmq.ROUTER)
    assert_type(sock, zmq.Socket)
    assert_type(sock.closed, bool)
    assert_type(sock.type, zmq.SocketType)
    assert_type(sock.underlying, int)
    assert_type(sock.fileno(), int)
    assert_type(sock.copy_threshold, int)
    assert_type(sock.context.closed, bool)
    assert_type(zmq.Socket.shadow(sock.underlying), zmq.Socket)
    with context.socket(zmq.SUB) as entered:
        assert_type(entered, zmq.Socket)
        entered.subscribe("topic")
        entered.subscribe(b"topic")
        entered.unsubscribe("topic")


def endpoints(sock: zmq.Socket) -> None:
    sock.bind("tcp://127.0.0.1:*")
    sock.connect("inproc://here")
    sock.unbind("tcp://127.0.0.1:5000")
    sock.disconnect("inproc://here")
    with sock.bind("inproc://here") as bound:
        assert_type(bound, zmq.Socket)
        bound.send(b"x")
    with sock.connect("inproc://here") as connected:
        assert_type(connected, zmq.Socket)
    assert_type(sock.bind_to_random_port("tcp://127.0.0.1"), int)
    assert_type(sock.bind_to_random_port("tcp://*", min_port=20000, max_port=30000, max_tries=5), int)


def options(sock: zmq.Socket) -> None:
    assert_type(sock.linger, int)
    assert_type(sock.rcvtimeo, int)
    assert_type(sock.events, int)
    assert_type(sock.maxmsgsize, int)
    assert_type(sock.routing_id, bytes)
    assert_type(sock.last_endpoint, bytes)
    assert_type(sock.hwm, int)
    sock.linger = 0
    sock.sndhwm = 5
    sock.routing_id = b"name"
    sock.hwm = 10
    sock.set_hwm(10)
    assert_type(sock.get_hwm(), int)
    sock.set(zmq.LINGER, 0)
    sock.setsockopt(zmq.ROUTING_ID, b"name")
    sock.setsockopt_string(zmq.PLAIN_USERNAME, "user")
    assert_type(sock.get_string(zmq.LAST_ENDPOINT), str)
    assert_type(sock.getsockopt_string(zmq.LAST_ENDPOINT), str)
    linger = sock.get(zmq.LINGER)
    print(linger)


def messages(sock: zmq.Socket) -> None:
    sock.send(b"x")
    sock.send(bytearray(b"x"), zmq.SNDMORE)
    sock.send(memoryview(b"x"), flags=zmq.DONTWAIT | zmq.SNDMORE)
    sock.send(zmq.Frame(b"x"))
    assert_type(sock.send(b"x", copy=False, track=True), zmq.MessageTracker)
    assert_type(sock.recv(), bytes)
    assert_type(sock.recv(zmq.DONTWAIT), bytes)
    assert_type(sock.recv(copy=True), bytes)
    assert_type(sock.recv(copy=False), zmq.Frame)
    assert_type(sock.recv(copy=False, track=True), zmq.Frame)
    assert_type(sock.recv_into(bytearray(10)), int)
    assert_type(sock.recv_into(memoryview(bytearray(10)), nbytes=5, flags=zmq.DONTWAIT), int)
    assert_type(sock.poll(), int)
    assert_type(sock.poll(1000), int)
    assert_type(sock.poll(1000, zmq.POLLIN | zmq.POLLOUT), int)


def multiparts(sock: zmq.Socket) -> None:
    sock.send_multipart([b"a", b"b"])
    sock.send_multipart((b"a", bytearray(b"b"), memoryview(b"c"), zmq.Frame(b"d")))
    sock.send_multipart([b"a"], flags=zmq.DONTWAIT, copy=False)
    assert_type(sock.recv_multipart(), list[bytes])
    assert_type(sock.recv_multipart(zmq.DONTWAIT), list[bytes])
    assert_type(sock.recv_multipart(copy=False), list[zmq.Frame])
    routing_id, text = sock.recv_multipart()
    assert_type(routing_id, bytes)
    assert_type(text, bytes)


def helpers(sock: zmq.Socket) -> None:
    sock.send_string("x")
    sock.send_string("x", zmq.SNDMORE, encoding="latin-1")
    assert_type(sock.recv_string(), str)
    sock.send_json({"a": [1, 2]}, sort_keys=True)
    value: dict[str, list[int]] = sock.recv_json()
    print(value)
    sock.send_pyobj({1, 2}, protocol=5)
    assert_type(sock.recv_pyobj(), Any)

    def serialize(text: str) -> list[bytes]:
        return [text.encode()]

    def deserialize(frames: list[bytes]) -> str:
        return frames[0].decode()

    sock.send_serialized("x", serialize)
    text: str = sock.recv_serialized(deserialize)
    print(text)


def monitors(sock: zmq.Socket) -> None:
    assert_type(sock.get_monitor_socket(), zmq.Socket)
    sock.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED)
    sock.monitor("inproc://events", zmq.EVENT_ALL)
    sock.monitor(None, 0)
    sock.disable_monitor()


def frames() -> None:
    frame = zmq.Frame(b"abc")
    zmq.Frame()
    zmq.Frame(bytearray(b"x"), copy=False, track=True)
    assert_type(frame.bytes, bytes)
    assert_type(frame.buffer, memoryview)
    assert_type(frame.more, bool)
    assert_type(len(frame), int)
    assert_type(bytes(frame), bytes)
    assert_type(memoryview(frame)[0], int)
    if frame == b"abc":
        print(frame.get("Peer-Address"))


def trackers(sock: zmq.Socket) -> None:
    tracker = sock.send(b"x", copy=False, track=True)
    assert_type(tracker.done, bool)
    try:
        tracker.wait(timeout=1.5)
    except zmq.NotDone:
        pass


def polling(first: zmq.Socket, second: zmq.Socket) -> None:
    poller = zmq.Poller()
    poller.register(first, zmq.POLLIN)
    poller.register(second)
    poller.register(sys.stdin, zmq.POLLIN)
    poller.register(0, zmq.POLLIN)
    poller.modify(first, zmq.POLLIN | zmq.POLLOUT)
    poller.unregister(second)
    for ready, events in poller.poll(timeout=1000):
        assert_type(events, int)
        print(ready)
    events_of = dict(poller.poll())
    if first in events_of:
        first.recv()
    if events_of.get(first, 0) & zmq.POLLIN:
        first.recv()
    readable, writable, failed = zmq.select([first], [second], [], timeout=1.5)
    print(readable, writable, failed)
    zmq.zmq_poll([(first, zmq.POLLIN), (0, zmq.POLLIN)], 1000)


def proxies(frontend: zmq.Socket, backend: zmq.Socket, third: zmq.Socket) -> None:
    zmq.proxy(frontend, backend)
    zmq.proxy(frontend, backend, third)
    zmq.proxy_steerable(frontend, backend, None, third)
    zmq.device(zmq.QUEUE, frontend, backend)
    monitored_queue(frontend, backend, third, b"in", b"out")


def errors(sock: zmq.Socket) -> None:
    try:
        sock.recv()
    except zmq.Again:
        pass
    except zmq.ContextTerminated:
        return
    except zmq.ConcurrentUseError as error:
        print(error)
    except zmq.ZMQError as error:
        if error.errno == zmq.EFSM:
            print(error.strerror)
    assert_type(zmq.strerror(zmq.EAGAIN), str)


def constants() -> None:
    print(zmq.SocketType.REQ.value + 1)
    print(zmq.SocketType(3).name, zmq.REQ.name, zmq.PollEvent.POLLIN | zmq.PollEvent.POLLOUT)
    flags: int = zmq.SNDMORE | zmq.DONTWAIT
    print(flags, zmq.Event(1), zmq.EVENT_ALL, zmq.SocketOption.LINGER, zmq.ContextOption.IO_THREADS)


def functions() -> None:
    assert_type(zmq.zmq_version(), str)
    assert_type(zmq.zmq_version_info(), tuple[int, int, int])
    assert_type(zmq.has("curve"), bool)
    public, secret = zmq.curve_keypair()
    assert_type(public, bytes)
    assert_type(zmq.curve_public(secret), bytes)
    watch = zmq.Stopwatch()
    watch.start()
    assert_type(watch.stop(), int)
    assert_type(zmqbind.__version__, str)


class Generic:
    """The parameters that PyZMQ's classes need are accepted here too."""

    context: zmq.Context[zmq.Socket[bytes]]
    sock: zmq.Socket[bytes]

    def receive(self) -> bytes:
        self.sock = self.context.socket(zmq.PULL)
        return self.sock.recv()


class Server:
    """Sockets and contexts as attributes, and subclasses of them."""

    context: zmq.Context
    sock: zmq.Socket

    def __init__(self, context: zmq.Context | None = None) -> None:
        self.context = context or zmq.Context.instance()
        self.sock = self.context.socket(zmq.REP)

    def serve(self) -> None:
        self.sock.send(self.sock.recv())


class LoggingSocket(zmq.Socket):
    def bind_and_tell(self, endpoint: str) -> None:
        self.bind(endpoint)
        print(self.get_string(zmq.LAST_ENDPOINT))


def subclasses(context: zmq.Context) -> None:
    made = context.socket(zmq.REP, socket_class=LoggingSocket)
    made.bind_and_tell("tcp://127.0.0.1:*")
    LoggingSocket(context, zmq.REP).bind_and_tell("inproc://here")


class Provider:
    async def callback(self, domain: str, key: bytes) -> bool:
        return domain == "*"


def authentication(context: zmq.Context) -> None:
    auth = ThreadAuthenticator(context)
    auth.allow("10.0.0.0/8", "::1")
    auth.configure_plain(domain="*", passwords={"alice": "secret"})
    auth.configure_curve("*", location="clients")
    auth.configure_curve_callback("*", Provider())
    assert_type(auth.is_alive(), bool)
    with Authenticator(context) as entered:
        assert_type(entered, Authenticator)
    assert_type(create_certificates(".", "alice", {"name": "Alice"}), tuple[str, str])
    public, secret = load_certificate("alice.key")
    assert_type(public, bytes)
    assert_type(secret, bytes | None)
