"""Sockets and contexts touched by several threads: errors where libzmq would abort, no message lost."""

from __future__ import annotations

import collections
import threading
import time

import pytest

import zmqbind as zmq

# Seconds; nothing here takes as long.
PATIENCE = 20


class Blocked:
    """A thread that is inside a blocking call of a socket."""

    def __init__(self, call):
        self.result = self.error = None
        self.thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self.thread.start()

    def _run(self, call):
        try:
            self.result = call()
        except zmq.ZMQError as error:
            self.error = error

    def join(self):
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


def error_while_blocked(call):
    """The ConcurrentUseError of `call`, which is repeated until the other thread has entered its own call."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            call()
        except zmq.ConcurrentUseError as error:
            return error
        except zmq.Again:
            pass
    pytest.fail("the call was never refused")


@pytest.fixture
def pair(connected_pair):
    """Two PAIR sockets that do not wait forever."""
    return connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE * 1000, sndtimeo=PATIENCE * 1000)


WAITING = {
    "recv": lambda s: s.recv(),
    "recv_multipart": lambda s: s.recv_multipart(),
    "recv_into": lambda s: s.recv_into(bytearray(10)),
    "recv_string": lambda s: s.recv_string(),
    "poll": lambda s: s.poll(PATIENCE * 1000),
}

# Calls that do not change anything when they are made before the other thread blocks.
CALLS = {
    "send": lambda s: s.send(b"", zmq.DONTWAIT | zmq.SNDMORE),
    "send_multipart": lambda s: s.send_multipart([b"", b""], zmq.DONTWAIT | zmq.SNDMORE),
    "recv": lambda s: s.recv(zmq.DONTWAIT),
    "recv_multipart": lambda s: s.recv_multipart(zmq.DONTWAIT),
    "poll": lambda s: s.poll(0),
    "get": lambda s: s.get(zmq.LINGER),
    "set": lambda s: s.set(zmq.LINGER, 0),
    "getsockopt": lambda s: s.getsockopt(zmq.LINGER),
    "linger": lambda s: s.linger,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("waiting", WAITING)
def test_a_socket_blocked_in_another_thread(pair, waiting, call):
    a, b = pair
    blocked = Blocked(lambda: WAITING[waiting](a))
    error = error_while_blocked(lambda: CALLS[call](a))
    assert isinstance(error, zmq.ZMQError)
    # The text names both operations, whatever it calls those that are the same to libzmq.
    assert waiting.partition("_")[0] in str(error)
    assert {"getsockopt": "get", "linger": ""}.get(call, call.partition("_")[0]) in str(error)
    # The call that was there first has its message, and the socket is as good as before.
    b.send(b"message")
    blocked.join()
    assert blocked.error is None
    assert blocked.result in (b"message", [b"message"], 7, "message", zmq.POLLIN)
    if waiting == "poll":
        assert a.recv() == b"message"
    a.linger = 0
    assert a.linger == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.close(),
        lambda s: s.close(linger=0),
        lambda s: s.bind("inproc://other"),
        lambda s: s.connect("inproc://other"),
        lambda s: s.disconnect("inproc://here"),
        lambda s: s.unbind("inproc://here"),
        lambda s: s.monitor("inproc://events", zmq.EVENT_ALL),
        lambda s: setattr(s, "rcvtimeo", 0),
        lambda s: s.recv(),
        lambda s: s.poll(PATIENCE * 1000),
    ],
    ids=[
        "close",
        "close linger",
        "bind",
        "connect",
        "disconnect",
        "unbind",
        "monitor",
        "attribute",
        "recv",
        "poll",
    ],
)
def test_calls_that_would_change_a_blocked_socket(pair, call):
    a, b = pair
    blocked = Blocked(a.recv)
    error_while_blocked(lambda: a.poll(0))
    with pytest.raises(zmq.ConcurrentUseError):
        call(a)
    assert not a.closed
    b.send(b"message")
    blocked.join()
    assert blocked.result == b"message"


def test_a_socket_blocked_in_send(make_socket):
    push, pull = (
        make_socket(zmq.PUSH, sndtimeo=PATIENCE * 1000),
        make_socket(zmq.PULL, rcvtimeo=PATIENCE * 1000),
    )
    push.bind("inproc://here")
    blocked = Blocked(lambda: push.send(b"waits for a peer"))
    error = error_while_blocked(lambda: push.poll(0, zmq.POLLOUT))
    assert "send" in str(error)
    assert "poll" in str(error)
    pull.connect("inproc://here")
    assert pull.recv() == b"waits for a peer"
    blocked.join()
    assert blocked.error is None


def test_a_socket_in_the_poll_of_another_thread(pair):
    a, b = pair
    poller = zmq.Poller()
    poller.register(a, zmq.POLLIN)
    blocked = Blocked(lambda: poller.poll(PATIENCE * 1000))
    error_while_blocked(lambda: a.recv(zmq.DONTWAIT))
    b.send(b"message")
    blocked.join()
    assert blocked.result == [(a, zmq.POLLIN)]
    assert a.recv() == b"message"


def test_a_socket_in_the_proxy_of_another_thread(context, make_socket):
    frontend, backend = make_socket(zmq.PULL), make_socket(zmq.PUSH)
    frontend.bind("inproc://frontend")
    backend.bind("inproc://backend")
    blocked = Blocked(lambda: zmq.proxy(frontend, backend))
    error = error_while_blocked(lambda: backend.get(zmq.LINGER))
    assert "proxy" in str(error)
    context.destroy(linger=0)
    blocked.join()
    assert isinstance(blocked.error, zmq.ContextTerminated)


def test_the_other_thread_may_be_any_number(pair):
    """All that come while one is inside are refused, and exactly one has the message."""
    a, b = pair
    threads = [Blocked(a.recv) for _ in range(4)]
    deadline = time.monotonic() + PATIENCE
    while sum(thread.thread.is_alive() for thread in threads) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    b.send(b"message")
    for thread in threads:
        thread.join()
    assert [thread.result for thread in threads].count(b"message") == 1
    refused = [thread.error for thread in threads if thread.error is not None]
    assert len(refused) == 3
    assert all(isinstance(error, zmq.ConcurrentUseError) for error in refused)


def test_a_socket_handed_over_to_another_thread(pair):
    a, b = pair
    a.send(b"1")
    for _ in range(3):
        other = Blocked(lambda: b.send(b.recv() + b"x"))
        other.join()
        a.send(a.recv())
    assert b.recv() == b"1xxx"


@pytest.mark.parametrize("end", [lambda c: c.term(), lambda c: c.destroy(), lambda c: c.destroy(linger=0)])
@pytest.mark.parametrize("waiting", WAITING)
def test_ending_the_context_unblocks(end, waiting):
    context = zmq.Context()
    sock = context.socket(zmq.PULL)
    sock.bind("tcp://127.0.0.1:*")

    def wait():
        with sock:
            return WAITING[waiting](sock)

    blocked = Blocked(wait)
    error_while_blocked(lambda: sock.get(zmq.LINGER))
    end(context)
    blocked.join()
    assert isinstance(blocked.error, zmq.ContextTerminated)
    assert context.closed


def test_destroy_closes_the_sockets_of_blocked_threads():
    """Nobody but destroy() closes the socket here, which it must not do before the thread has left it."""
    context = zmq.Context()
    sock = context.socket(zmq.PULL)
    blocked = Blocked(sock.recv)
    error_while_blocked(lambda: sock.poll(0))
    context.destroy(linger=0)
    blocked.join()
    assert isinstance(blocked.error, zmq.ContextTerminated)
    assert sock.closed
    assert context.closed


def test_term_waits_for_the_sockets_without_holding_up_other_threads():
    context = zmq.Context()
    sock = context.socket(zmq.PULL)
    terminating = Blocked(context.term)
    with pytest.raises(zmq.ContextTerminated):
        while True:  # until term() has been noticed
            try:
                sock.recv(zmq.DONTWAIT)
            except zmq.Again:
                pass
    assert terminating.thread.is_alive()
    sock.close()
    terminating.join()
    assert context.closed


@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_many_threads_send_through_one_socket(connected_pair, transport):
    """All that was accepted arrives, in each thread's order, no multipart with a frame of another in it."""
    count, senders = 5000, 4
    pull, push = connected_pair(zmq.PULL, zmq.PUSH, transport, rcvtimeo=PATIENCE * 1000)

    def send(name):
        for number in range(count):
            parts = [b"%d" % name, b"%d" % number, b"", b"%d.%d" % (name, number)][: 4 if number % 3 else 1]
            parts = [*parts, b"end of %d.%d" % (name, number)]
            while True:
                try:
                    push.send_multipart(parts, zmq.DONTWAIT)
                    break
                except zmq.Again:
                    time.sleep(0)  # lets the receiver have its turn

    threads = [Blocked(lambda name=name: send(name)) for name in range(senders)]
    progress = collections.Counter()
    for _ in range(count * senders):
        parts = pull.recv_multipart()
        name = int(parts[0])
        number = progress[name]
        expected = [b"%d" % name, b"%d" % number, b"", b"%d.%d" % (name, number)][: 4 if number % 3 else 1]
        assert parts == [*expected, b"end of %d.%d" % (name, number)]
        progress[name] += 1
    for thread in threads:
        thread.join()
        assert thread.error is None
    assert not pull.poll(0)


def test_many_threads_block_in_one_socket(run_python):
    """What was accepted of blocking senders, between refusals, arrives once and in order; nothing aborts."""
    output = run_python(
        """
        import collections, threading
        import zmqbind as zmq

        context = zmq.Context()
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        pull.rcvtimeo = push.sndtimeo = 20_000
        push.sndhwm = pull.rcvhwm = 3
        pull.bind("inproc://here")
        push.connect("inproc://here")
        refused = collections.Counter()

        def send(name):
            for number in range(200):
                while True:
                    try:
                        push.send_multipart([b"%d" % name, b"%d" % number])
                        break
                    except zmq.ConcurrentUseError:
                        refused[name] += 1

        threads = [threading.Thread(target=send, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        progress = collections.Counter()
        for _ in range(4 * 200):
            name, number = map(int, pull.recv_multipart())
            assert progress[name] == number
            progress[name] += 1
        for thread in threads:
            thread.join()
        assert not pull.poll(0)
        context.destroy(linger=0)
        print(sorted(progress.items()))
        """,
        timeout=60,
    )
    assert output == "[(0, 200), (1, 200), (2, 200), (3, 200)]\n"


def test_one_context_for_many_threads(context):
    """Contexts, unlike sockets, are for all threads."""

    def exchange(name):
        with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
            pull.rcvtimeo = PATIENCE * 1000
            pull.bind(f"inproc://{name}")
            push.connect(f"inproc://{name}")
            for number in range(200):
                push.send(b"%d" % number)
            return [int(pull.recv()) for _ in range(200)]

    threads = [Blocked(lambda name=name: exchange(name)) for name in range(8)]
    for thread in threads:
        thread.join()
        assert thread.result == list(range(200))


def test_the_instance_is_the_same_in_all_threads():
    threads = [Blocked(zmq.Context.instance) for _ in range(8)]
    for thread in threads:
        thread.join()
    assert len({id(thread.result) for thread in threads}) == 1
    threads[0].result.term()
