"""Sockets for gevent: what is special about them; the rest is in loops/test_behaviour.py."""

from __future__ import annotations

import asyncio
import errno
import random
import signal
import socket as system_socket
import threading
from collections import Counter

import pytest

gevent = pytest.importorskip("gevent")

import zmqbind  # noqa: E402
import zmqbind.green as zmq  # noqa: E402
from zmqbind import devices  # noqa: E402

PATIENCE = 45  # seconds; nothing here takes as long


@pytest.fixture
def context():
    """A fresh green context; what its sockets wait for is bounded."""
    context = zmq.Context()
    with gevent.Timeout(PATIENCE):
        yield context
        context.destroy(linger=0)


@pytest.fixture
def pair(context, make_socket, endpoint_for):
    """``pair(type1, type2, transport="inproc", **options)``: two connected green sockets."""

    def connect(type1, type2, transport="inproc", **options):
        first, second = make_socket(type1, **options), make_socket(type2, **options)
        first.bind(endpoint_for(transport))
        second.connect(first.last_endpoint.decode())
        return first, second

    return connect


def fill(socket):
    """Send until no more fits; return what was sent."""
    sent = []
    while socket.poll(0, zmq.POLLOUT):
        sent.append(b"%d" % len(sent))
        socket.send(sent[-1])
    return sent


def spawn_waiter(function, *arguments, **keywords):
    """A greenlet that has begun to wait in function."""
    greenlet = gevent.spawn(function, *arguments, **keywords)
    gevent.sleep(0)
    gevent.sleep(0)
    assert not greenlet.ready()
    return greenlet


# Names


def test_every_public_name_is_there():
    assert set(zmq.__all__) == set(zmqbind.__all__)
    for name in zmqbind.__all__:
        green = name in ("Context", "Socket", "Poller", "select", "zmq_poll", "device")
        assert (getattr(zmq, name) is not getattr(zmqbind, name)) is green, name
    assert zmq.utils is zmqbind.utils
    assert not hasattr(zmq, "no_such_name")


def test_sockets_are_green(context, make_socket):
    socket = make_socket(zmq.PAIR)
    assert type(socket) is zmq.Socket and isinstance(socket, zmqbind.Socket)
    for other in (socket.get_monitor_socket(), zmq.Context.shadow(context).socket(zmq.PAIR)):
        with other:
            assert type(other) is zmq.Socket
    assert "Receive one message" in zmq.Socket.recv.__doc__


def test_other_loops_are_not_imported(run_python):
    output = run_python(
        """
        import sys, zmqbind
        assert "gevent" not in sys.modules
        import zmqbind.green, zmqbind.green.eventloop.zmqstream
        print(sorted({"asyncio", "tornado", "trio", "twisted", "anyio"} & set(sys.modules)))
        """
    )
    assert output == "[]\n"


# Others run while one waits

WAITS_TO_RECEIVE = {
    "recv": lambda s: s.recv(),
    "recv_frame": lambda s: s.recv(copy=False).bytes,
    "recv_multipart": lambda s: s.recv_multipart()[0],
    "recv_into": lambda s: b"x" * s.recv_into(bytearray(1)),
    "recv_string": lambda s: s.recv_string().encode(),
    "recv_batch": lambda s: s.recv_batch()[0],
    "recv_batch_with_timeout": lambda s: s.recv_batch(timeout=1000 * PATIENCE)[0],
    "recv_batch_multipart": lambda s: s.recv_batch_multipart()[0][0],
    "iteration": lambda s: next(iter(s)),
    "poll": lambda s: s.poll() and s.recv(zmq.DONTWAIT),
    "zmq_poll": lambda s: zmq.zmq_poll([(s, zmq.POLLIN)]) and s.recv(zmq.DONTWAIT),
    "select": lambda s: zmq.select([s], [], [])[0][0].recv(zmq.DONTWAIT),
}


@pytest.mark.parametrize("name", WAITS_TO_RECEIVE)
def test_others_run_while_one_waits_to_receive(pair, transport, name):
    sender, receiver = pair(zmq.PUSH, zmq.PULL, transport)
    greenlet = spawn_waiter(WAITS_TO_RECEIVE[name], receiver)
    sender.send(b"x")
    assert greenlet.get() == b"x"


WAITS_TO_SEND = {
    "send": lambda s: s.send(b"x"),
    "send_buffer": lambda s: s.send(bytearray(b"x"), copy=False),
    "send_string": lambda s: s.send_string("x"),
    "send_multipart": lambda s: s.send_multipart([b"x"]),
    "send_batch": lambda s: s.send_batch([b"x"]),
    "poll": lambda s: s.poll(None, zmq.POLLOUT) and s.send(b"x", zmq.DONTWAIT),
}


@pytest.mark.parametrize("name", WAITS_TO_SEND)
def test_others_run_while_one_waits_to_send(pair, transport, name):
    sender, receiver = pair(zmq.PUSH, zmq.PULL, transport, sndhwm=1, rcvhwm=1)
    sent = fill(sender)
    greenlet = gevent.spawn(WAITS_TO_SEND[name], sender)
    gevent.sleep(0)
    assert [receiver.recv() for _ in range(len(sent) + 1)] == [*sent, b"x"]
    greenlet.get()


def test_a_poller_waits_for_sockets_and_descriptors(pair, make_socket):
    sender, receiver = pair(zmq.PUSH, zmq.PULL)
    blocking = zmqbind.Socket.shadow(make_socket(zmq.PULL))  # any socket will do
    ours, theirs = system_socket.socketpair()
    with ours, theirs:
        poller = zmq.Poller()
        poller.register(receiver, zmq.POLLIN)
        poller.register(blocking, zmq.POLLIN)
        poller.register(ours, zmq.POLLIN)
        assert poller.poll(0) == poller.poll(2) == []
        greenlet = spawn_waiter(poller.poll)
        theirs.send(b"x")
        assert greenlet.get() == [(ours.fileno(), zmq.POLLIN)]
        ours.recv(1)
        greenlet = spawn_waiter(poller.poll)
        sender.send(b"x")
        assert greenlet.get() == [(receiver, zmq.POLLIN)]
        receiver.recv()
        greenlet = spawn_waiter(poller.poll)
        poller.unregister(ours)
        theirs.send(b"x")
        sender.send(b"x")
        assert greenlet.get() == [(receiver, zmq.POLLIN), (ours.fileno(), zmq.POLLIN)]  # what it began with
        assert poller.poll() == [(receiver, zmq.POLLIN)]


def test_a_descriptor_of_which_only_errors_are_wanted():
    reader, writer = system_socket.socketpair()
    with reader, writer:
        writer.send(b"data is no error")
        greenlet = spawn_waiter(zmq.zmq_poll, [(reader, zmq.POLLERR)])
        reader.shutdown(system_socket.SHUT_RDWR)
        writer.close()
        ((descriptor, events),) = greenlet.get(timeout=PATIENCE)
        assert descriptor == reader.fileno() and events & zmq.POLLERR


def test_monitor(make_socket):
    server = make_socket(zmq.PULL)
    server.bind("tcp://127.0.0.1:*")
    client = make_socket(zmq.PUSH)
    greenlet = spawn_waiter(client.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED).recv_multipart)
    client.connect(server.last_endpoint.decode())
    assert len(greenlet.get()) == 2
    client.disable_monitor()


@pytest.mark.parametrize(
    "run",
    [
        lambda front, back, capture: zmq.proxy(front, back),
        lambda front, back, capture: zmq.device(zmq.QUEUE, front, back),
        lambda front, back, capture: zmq.proxy_steerable(front, back, capture),
        lambda front, back, capture: devices.monitored_queue(front, back, capture),
    ],
    ids=["proxy", "device", "proxy_steerable", "monitored_queue"],
)
def test_proxies(pair, make_socket, run):
    front, client = pair(zmq.ROUTER, zmq.REQ)
    back, server = pair(zmq.DEALER, zmq.REP, "tcp")
    greenlet = spawn_waiter(run, front, back, make_socket(zmq.PUB))
    for number in range(100):
        client.send(b"%d" % number)
        server.send(server.recv() + b"!")
        assert client.recv() == b"%d!" % number
    greenlet.kill()
    assert not greenlet.exception


def test_a_busy_proxy_lets_others_run(pair):
    """It runs in circles: what comes out is sent again."""
    front, into = pair(zmq.PULL, zmq.PUSH)
    back, out = pair(zmq.PUSH, zmq.PULL)
    greenlet = spawn_waiter(zmq.proxy, front, back)
    into.send_batch([b"x"] * 1000)
    circling = gevent.spawn(lambda: [into.send(out.recv()) for _ in iter(int, 1)])
    for _ in range(100):
        gevent.sleep(0)
    circling.kill()
    greenlet.kill()


def test_a_steerable_proxy_whose_capture_is_full_waits_for_it_alone(pair):
    front, source = pair(zmq.PULL, zmq.PUSH)
    back, sink = pair(zmq.PUSH, zmq.PULL)
    capture, captured = pair(zmq.PUSH, zmq.PULL, sndhwm=1, rcvhwm=1)
    control, commands = pair(zmq.PAIR, zmq.PAIR)
    proxy = spawn_waiter(zmq.proxy_steerable, front, back, capture, control)
    messages = [b"%d" % number for number in range(20)]
    source.send_batch(messages)
    copies = gevent.spawn_later(0.02, lambda: [captured.recv() for _ in messages])
    assert [sink.recv() for _ in messages] == copies.get() == messages
    commands.send(b"TERMINATE")
    assert proxy.get() == 0


def test_term_and_destroy_let_others_run(silent_endpoint):
    for end in (zmq.Context.term, zmq.Context.destroy):
        context = zmq.Context()
        server, client = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        server.bind("tcp://127.0.0.1:*")
        client.connect(server.last_endpoint.decode())
        plain = zmqbind.Context()
        late = plain.socket(zmq.PULL)
        late.rcvtimeo = 1000 * PATIENCE
        late.linger = client.linger = -1
        other = context.socket(zmq.PUSH)  # term waits until this message has been taken
        other.linger = -1
        other.connect(silent_endpoint)
        other.send(b"late")
        server.close()
        client.close()
        other.close()
        greenlet = gevent.spawn(end, context)
        gevent.sleep(0.01)
        assert not greenlet.ready()
        late.bind(silent_endpoint)
        greenlet.get(timeout=PATIENCE)
        assert context.closed
        assert late.recv() == b"late"
        late.close()
        plain.term()  # its I/O thread has closed what listened at the endpoint


def test_a_terminated_context_ends_waits(context, make_socket):
    receiver, sender = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    waiting = [spawn_waiter(receiver.recv), spawn_waiter(sender.send, b""), spawn_waiter(receiver.poll)]
    term = gevent.spawn(context.term)
    for greenlet in waiting:
        with pytest.raises(zmq.ContextTerminated):
            greenlet.get()
    receiver.close()
    sender.close()
    term.get()


# Time limits


@pytest.mark.parametrize("milliseconds", [0, 5])
def test_time_limits(pair, make_socket, milliseconds):
    sender, receiver = make_socket(zmq.PUSH), make_socket(zmq.PULL)
    sender.sndtimeo = receiver.rcvtimeo = milliseconds
    for operation in (
        receiver.recv,
        receiver.recv_multipart,
        lambda: receiver.recv_batch(timeout=milliseconds),
        lambda: sender.send(b""),
        lambda: receiver.recv(zmq.DONTWAIT),
        lambda: sender.send_multipart([b"", b""], zmq.DONTWAIT),
    ):
        with pytest.raises(zmq.Again):
            operation()
    assert receiver.poll(milliseconds) == 0
    assert zmq.zmq_poll([(receiver, zmq.POLLIN)], milliseconds) == []
    assert zmq.select([receiver], [], [], milliseconds / 1000) == ([], [], [])


def test_time_limits_of_those_in_line(make_socket):
    receiver = make_socket(zmq.PULL)
    first = spawn_waiter(receiver.recv)
    receiver.rcvtimeo = 5
    for operation in (receiver.recv, lambda: receiver.recv_batch(timeout=0), lambda: receiver.recv(zmq.DONTWAIT)):
        with pytest.raises(zmq.Again):
            operation()
    first.kill()


# Several greenlets on one socket


def test_closing_ends_waits(make_socket, raises_errno):
    receiver, sender = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    poller = zmq.Poller()
    poller.register(receiver)
    waits = [receiver.recv, receiver.recv_multipart, receiver.poll, poller.poll, lambda: sender.send(b"")]
    greenlets = [spawn_waiter(wait) for wait in waits]
    receiver.close()
    sender.close()
    for greenlet in greenlets:
        with raises_errno(errno.ENOTSOCK):
            greenlet.get()


def test_receivers_and_senders_do_not_overtake_each_other(pair):
    first, second = pair(zmq.PAIR, zmq.PAIR, sndhwm=1, rcvhwm=1)
    received = []
    receivers = [spawn_waiter(lambda n=n: received.append((n, first.recv()))) for n in range(5)]
    for number in range(5):
        second.send(b"%d" % number)
    gevent.joinall(receivers, raise_error=True)
    assert received == [(number, b"%d" % number) for number in range(5)]
    sent = fill(first)
    senders = [spawn_waiter(first.send, b"w%d" % number) for number in range(5)]
    assert [second.recv() for _ in range(len(sent) + 5)] == [*sent, *(b"w%d" % number for number in range(5))]
    gevent.joinall(senders, raise_error=True)


def test_the_parts_of_a_message_go_to_who_received_the_first(pair):
    sender, receiver = pair(zmq.PUSH, zmq.PULL)
    waiting = spawn_waiter(receiver.recv_multipart)
    for message in ([b"a", b"b"], [b"c", b"d"]):
        sender.send_multipart(message)
    assert receiver.recv(zmq.DONTWAIT) == b"a"
    assert receiver.recv() == b"b"
    assert waiting.get() == [b"c", b"d"]


def test_nobody_sends_in_the_middle_of_a_message(make_socket):
    """A PAIR waits for its next peer with the rest of a message."""
    socket, peer = make_socket(zmq.PAIR), make_socket(zmq.PAIR)
    socket.bind("tcp://127.0.0.1:*")
    peer.connect(socket.last_endpoint.decode())
    socket.poll(None, zmq.POLLOUT)
    socket.send(b"", zmq.SNDMORE)
    peer.close()
    while socket.poll(0, zmq.POLLOUT):  # libzmq tells of it by and by
        gevent.sleep(0)
    waiting = [spawn_waiter(socket.send, b"rest"), spawn_waiter(socket.send, b"next")]
    with pytest.raises(zmq.Again):
        socket.send(b"never", zmq.DONTWAIT)
    peer = make_socket(zmq.PAIR, reconnect_ivl=5)  # it is turned away until libzmq is done with the first
    peer.connect(socket.last_endpoint.decode())
    assert [peer.recv(), peer.recv()] == [b"rest", b"next"]
    gevent.joinall(waiting, raise_error=True)


@pytest.mark.parametrize("look", [lambda s: s.poll(0), lambda s: s.get(zmq.EVENTS), lambda s: s.send(b"")])
@pytest.mark.parametrize("shadow", [False, True])
def test_the_word_of_the_descriptor_is_not_lost(pair, look, shadow):
    """Others use up what it would have told the receiver that waits."""
    first, second = pair(zmq.PAIR, zmq.PAIR, "tcp")
    for _ in range(2):
        waiting = spawn_waiter(first.recv)
        second.send(b"x")
        zmqbind.zmq_poll([(first.fileno(), zmq.POLLIN)])  # blocks this thread, unlike zmq.zmq_poll
        look(zmqbind.Socket.shadow(first) if shadow else first)
        assert waiting.get() == b"x"


def test_an_event_loop_waits_for_the_same_socket(pair):
    """When its operations are done, the greenlets are still to be told what others have seen."""
    first, second = pair(zmq.PAIR, zmq.PAIR, "tcp")
    waiting = spawn_waiter(first.recv)

    async def receive():
        receiving = asyncio.ensure_future(zmqbind.asyncio.Socket.shadow(first).recv())
        second.send(b"for the loop")
        return await receiving

    assert asyncio.run(receive()) == b"for the loop"
    gevent.sleep(0)  # the hub looks
    second.send(b"x")
    zmqbind.zmq_poll([(first.fileno(), zmq.POLLIN)])
    zmqbind.Socket.shadow(first).poll(0)
    assert waiting.get() == b"x"


def test_a_socket_is_waited_for_in_one_thread_at_a_time(pair):
    sender, receiver = pair(zmq.PUSH, zmq.PULL)
    waiting = spawn_waiter(receiver.recv)
    errors = []

    def receive():
        try:
            receiver.recv()
        except zmq.ZMQError as error:
            errors.append(error)
        gevent.get_hub().destroy(destroy_loop=True)

    gevent.get_hub().threadpool.apply(receive)
    assert [type(error) for error in errors] == [zmq.ConcurrentUseError]
    sender.send(b"x")
    assert waiting.get() == b"x"


def test_a_socket_goes_from_hub_to_hub(pair):
    sender, receiver = pair(zmq.PUSH, zmq.PULL, "tcp")
    received = []

    def receive():
        greenlet = gevent.spawn(receiver.recv)
        gevent.sleep(0)
        sender.send(b"x")
        received.append(greenlet.get())
        gevent.get_hub().destroy(destroy_loop=True)

    for _ in range(3):
        thread = threading.Thread(target=receive, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        greenlet = spawn_waiter(receiver.recv)
        sender.send(b"y")
        received.append(greenlet.get())
    assert received == [b"x", b"y"] * 3


# Fairness


def test_others_get_a_turn_every_so_often(pair):
    sender, receiver = pair(zmq.PUSH, zmq.PULL)
    operations = [
        lambda: sender.send(b""),
        receiver.recv,
        lambda: receiver.poll(0),
        lambda: sender.send_multipart([b""]),
    ]
    operations += [
        receiver.recv_multipart,
        lambda: zmq.zmq_poll([(sender, zmq.POLLOUT)]),
        lambda: sender.send_batch([b""]),
    ]
    operations += [receiver.recv_batch]
    done, most = 0, 0

    def others():
        nonlocal done, most
        while done >= 0:
            most, done = max(most, done), 0
            gevent.sleep(0)

    greenlet = gevent.spawn(others)
    for _ in range(1000):
        for operation in operations:
            operation()
            done += 1
    greenlet.kill()
    assert 0 < most <= 500


def test_callbacks_of_the_hub_may_send(pair):
    sender, receiver = pair(zmq.PUSH, zmq.PULL)
    gevent.get_hub().loop.run_callback(lambda: [sender.send(b"%d" % number) for number in range(900)])
    assert [receiver.recv() for _ in range(900)] == [b"%d" % number for number in range(900)]


# Nothing is lost

KINDS = {
    "recv": lambda s: [s.recv()],
    "recv_multipart": lambda s: [s.recv_multipart()[0]],
    "recv_batch": lambda s: s.recv_batch(max_messages=3),
    "recv_batch_with_timeout": lambda s: s.recv_batch(max_messages=3, timeout=1),
    "poll": lambda s: [s.recv(zmq.DONTWAIT)] if s.poll(1) else [],
}


@pytest.mark.filterwarnings("ignore:libuv only supports millisecond timer resolution")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_messages_survive_timeouts_and_kills(pair, transport, seed):
    """Thousands of messages; their receivers and their senders are stopped at every moment."""
    chance = random.Random(seed)
    count = 3000
    sender, receiver = pair(zmq.PUSH, zmq.PULL, transport, sndhwm=5, rcvhwm=5)
    received, sent, interrupted = [], [], Counter()

    def receive():
        while True:
            kind = chance.choice(list(KINDS))
            try:
                with gevent.Timeout(chance.choice([0, 0.00001, 0.0001, 0.001])):
                    messages = KINDS[kind](receiver)
            except gevent.Timeout:
                interrupted[kind] += 1
                continue
            except zmq.Again:
                continue
            except gevent.GreenletExit:
                interrupted["killed"] += 1
                raise
            received.extend(messages)

    numbers = iter(range(count))

    def send():
        for number in numbers:
            while True:
                try:
                    with gevent.Timeout(chance.choice([0.00001, 0.0001, 0.001])):
                        sender.send_multipart([b"%d" % number, b""])
                except gevent.Timeout:
                    interrupted["send"] += 1
                    continue
                break
            sent.append(number)
            if chance.randrange(20) == 0:
                gevent.sleep(chance.choice([0, 0.0005]))

    def kill_receivers():
        while True:
            gevent.sleep(chance.choice([0, 0, 0.0005]))
            greenlets[chance.randrange(len(greenlets))].kill()
            greenlets.append(gevent.spawn(receive))
            greenlets[:] = [greenlet for greenlet in greenlets if not greenlet.dead]

    greenlets = [gevent.spawn(receive) for _ in range(3)]
    killer = gevent.spawn(kill_receivers)
    gevent.joinall([gevent.spawn(send) for _ in range(2)], raise_error=True)
    killer.kill()
    gevent.killall(greenlets)
    parts = [message for message in received if message]
    while len(parts) < count and receiver.poll(1000 * PATIENCE):
        parts += filter(None, receiver.recv_multipart())  # of the first message, another may have the first part
    assert sorted(map(int, parts)) == sorted(sent) == list(range(count))
    assert receiver.poll(0) == 0 or not any(receiver.recv_multipart())
    assert interrupted["killed"] and sum(interrupted.values()) > 50


# Monkey patching

PATCHED = """
    import sys
    {first}
    {second}
    import select, socket, threading
    context = zmq.Context()
    server, client = context.socket(zmq.REP), context.socket(zmq.REQ)
    server.bind("tcp://127.0.0.1:*")
    client.connect(server.last_endpoint.decode())

    def serve():
        for _ in range(10):
            server.send(server.recv() + b"!")

    thread = threading.Thread(target=serve)
    thread.start()
    for number in range(10):
        client.send(b"%d" % number)
        assert client.recv() == b"%d!" % number
    thread.join()
    assert zmq.select([], [client], [], 0) == ([], [client], [])

    ours, theirs = socket.socketpair()
    poller = zmq.Poller()
    poller.register(ours, zmq.POLLIN)
    thread = threading.Thread(target=lambda: theirs.send(b"x"))
    thread.start()
    assert poller.poll(30_000) == [(ours.fileno(), zmq.POLLIN)]
    assert select.select([ours], [], [], 30)[0] == [ours]
    thread.join()
    context.destroy()
    print("done")
"""


@pytest.mark.parametrize("before", [True, False])
def test_monkey_patching(run_python, before):
    patch, load = "from gevent import monkey; monkey.patch_all()", "import zmqbind.green as zmq"
    first, second = (patch, load) if before else (load, patch)
    assert run_python(PATCHED.format(first=first, second=second)) == "done\n"


def test_an_interrupt_ends_a_wait(start_python):
    child = start_python(
        """
        import zmqbind.green as zmq
        context = zmq.Context()
        socket = context.socket(zmq.PULL)
        try:
            print("waiting", flush=True)
            socket.recv()
        except KeyboardInterrupt:
            print("interrupted")
        context.destroy()
        """
    )
    assert child.stdout.readline() == "waiting\n"
    child.send_signal(signal.SIGINT)
    output, _ = child.communicate(timeout=PATIENCE)
    assert "interrupted" in output.splitlines()
    assert child.returncode == 0
