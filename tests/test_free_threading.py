"""Objects shared by threads that run at the same time, where there is no GIL; with a GIL, the same must hold."""

from __future__ import annotations

import collections
import copy
import errno
import itertools
import sys
import sysconfig
import threading
import time
from functools import partial

import pytest
from blocking import TRANSFERS, wait_until_blocked
from hammering import PATIENCE, all_well, at_once

import zmqbind as zmq

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
THREADS = 4
LARGE = bytes(range(256)) * 4  # more than fits into a message itself


@pytest.fixture(autouse=True)
def switching():
    """Where there is a GIL, threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def pipe(connected_pair):
    """PULL and PUSH; nobody waits for room, and nobody for ever."""
    return connected_pair(zmq.PULL, zmq.PUSH, sndhwm=0, rcvhwm=0, rcvtimeo=PATIENCE * 1000, linger=0)


def outcomes(results):
    """Which exceptions there are among the results of at_once, and how many of each; None stands for no exception."""
    return collections.Counter(type(result) if isinstance(result, Exception) else None for result in results)


@pytest.mark.skipif(not FREE_THREADED, reason="this Python has a GIL")
def test_the_module_declares_it(run_python):
    code = "import sys, zmqbind; assert not sys._is_gil_enabled()"
    assert run_python(f"import warnings; warnings.simplefilter('error'); {code}") == ""


# Calls that do not wait: one after another, whoever makes them.


def test_senders_of_one_socket(pipe):
    pull, push = pipe
    count = 1000

    def send(name):
        for number in range(count):
            if number % 3 == 0:
                push.send(b"%d %d" % (name, number))
            elif number % 3 == 1:
                push.send_multipart([b"%d %d" % (name, number), b"", LARGE, b"%d" % name], copy=number % 2)
            else:
                push.send_batch_multipart([[b"%d %d" % (name, number)]])

    all_well(at_once(*[partial(send, name) for name in range(THREADS)]))
    progress = collections.Counter()
    for _ in range(THREADS * count):
        parts = pull.recv_multipart()
        name, number = map(int, parts[0].split())
        assert number == progress[name]
        assert parts[1:] == ([b"", LARGE, b"%d" % name] if number % 3 == 1 else [])
        progress[name] += 1
    assert not pull.poll(0)


def test_receivers_of_one_socket(pipe):
    pull, push = pipe
    count = 3000
    for number in range(count):
        push.send_multipart([b"%d" % number, LARGE, b"%d" % number])

    def receive(call):
        got = []
        while True:
            try:
                got += call()
            except zmq.ConcurrentUseError:  # another takes the parts of a message
                pass
            except zmq.Again:
                return got

    def one():
        return [pull.recv_multipart(zmq.DONTWAIT)]

    def many():
        return pull.recv_batch_multipart(7, flags=zmq.DONTWAIT)

    results = all_well(at_once(*[partial(receive, call) for call in (one, many, one, many)]))
    assert sorted(int(parts[0]) for got in results for parts in got) == list(range(count))
    assert all(parts == [parts[0], LARGE, parts[0]] for got in results for parts in got)


def test_every_call_on_one_socket(connected_pair):
    """Whatever comes out of it, nothing is broken by it, and nothing lost."""
    a, b = connected_pair(zmq.PAIR, zmq.PAIR, sndhwm=0, rcvhwm=0, rcvtimeo=PATIENCE * 1000)
    count = 300
    calls = [
        lambda: a.get(zmq.EVENTS),
        lambda: setattr(a, "rcvbuf", 4096),
        lambda: a.poll(0),
        lambda: a.last_endpoint,
        lambda: zmq.zmq_poll([(a, zmq.POLLIN), (b, zmq.POLLOUT)], 0),
        lambda: a.bind("inproc://again").__exit__(),
        lambda: a.send(b"m", zmq.DONTWAIT),
        lambda: a.send_string("m", zmq.DONTWAIT),
        lambda: b.recv(zmq.DONTWAIT, copy=False),
        lambda: b.recv_into(bytearray(9), flags=zmq.DONTWAIT),
    ]
    arrived = []

    def repeat(call):
        for _ in range(count):
            try:
                call()
            except zmq.ZMQError as error:  # the second bind finds the first
                if not isinstance(error, zmq.Again | zmq.ConcurrentUseError) and error.errno != zmq.EADDRINUSE:
                    raise
            else:
                if call is calls[6] or call is calls[7]:
                    arrived.append(-1)
                if call is calls[8] or call is calls[9]:
                    arrived.append(1)

    all_well(at_once(*[partial(repeat, call) for call in calls]))
    while b.poll(0):
        assert b.recv() == b"m"
        arrived.append(1)
    assert sum(arrived) == 0


# Calls that wait: others are refused.


@pytest.mark.parametrize("waiting", [name for name in TRANSFERS if name.startswith("recv")] + ["poll", "Poller"])
def test_the_call_that_waits_comes_first(context, waiting):
    """Others try to close the socket at every moment; they succeed when the call that waited has its message."""
    for round_ in range(40):
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        a.linger = b.linger = 0
        a.bind(f"inproc://{round_}")
        b.connect(f"inproc://{round_}")
        poller = zmq.Poller()
        poller.register(a, zmq.POLLIN)
        polls = {"poll": a.poll, "Poller": poller.poll}
        call = partial(polls[waiting], None) if waiting in polls else partial(TRANSFERS[waiting], a)
        ready = threading.Event()

        def close(a=a, ready=ready):
            ready.wait(PATIENCE)
            refused = 0
            while not a.closed:
                try:
                    a.close()
                except zmq.ConcurrentUseError:
                    refused += 1
            return refused

        def send(a=a, b=b, ready=ready):
            wait_until_blocked(a)
            ready.set()
            b.send(b"message")
            b.close()

        *_, result = all_well(at_once(close, close, send, call))
        assert result is not None
        assert a.closed


@pytest.mark.parametrize("closing", ["close", "destroy", "term"])
def test_closing_in_many_threads(closing):
    """The calls of the others raise that it is closed, or find that somebody is at it."""
    for _ in range(30):
        context = zmq.Context()
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        a.linger = b.linger = 0
        a.bind("inproc://closing")
        b.connect("inproc://closing")

        def work(a=a):
            try:
                while True:
                    a.send(b"x", zmq.DONTWAIT)
                    a.poll(0)
            except zmq.Again:
                return work(a)
            except zmq.ZMQError as error:
                assert error.errno in (zmq.ENOTSOCK, zmq.ETERM), error
                a.close()

        def end(context=context, a=a, b=b):
            b.close()
            if closing == "close":
                a.close()
            elif closing == "destroy":
                context.destroy(linger=0)
            else:
                context.term()

        all_well(at_once(work, end, work, end))
        assert a.closed and b.closed
        context.term()


def test_contexts_ended_below_blocked_calls():
    """Calls that wait raise that the context has ended, not that somebody has closed the socket."""
    for round_ in range(30):
        context = zmq.Context()
        sockets = [context.socket(zmq.PULL) for _ in range(3)]
        for socket in sockets:
            socket.bind("tcp://127.0.0.1:*")
        poller = zmq.Poller()
        poller.register(sockets[2], zmq.POLLIN)

        def end(context=context, sockets=sockets, round_=round_):
            for socket in sockets[: round_ % 4]:
                wait_until_blocked(socket)
            context.destroy(linger=0)

        calls = [sockets[0].recv, partial(sockets[1].poll, None), poller.poll]
        if round_ % 4 == 3:
            *results, ended = at_once(*calls, end)
            assert outcomes(results) == {zmq.ContextTerminated: 3}
        else:  # those that come too late find the socket closed
            *results, ended = at_once(*calls, end)
            assert all(isinstance(result, zmq.ZMQError) for result in results)
            assert {result.errno for result in results} <= {zmq.ETERM, zmq.ENOTSOCK}
        all_well([ended])
        assert context.closed and all(socket.closed for socket in sockets)


def test_one_of_two_proxies(context):
    """With the same sockets in another order: one runs, or both are refused; what ends it ends it."""
    a, b = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    a.bind("inproc://frontend")
    b.bind("inproc://backend")
    for round_ in range(20):
        controls = [context.socket(zmq.PAIR) for _ in range(2)]
        controls[0].bind(f"inproc://{round_}")
        controls[1].connect(f"inproc://{round_}")
        refused = threading.Semaphore(0)

        def run(front, back, controls=controls, refused=refused):
            try:
                return zmq.proxy_steerable(front, back, None, controls[0])
            except zmq.ConcurrentUseError:
                refused.release()
                raise

        def stop(controls=controls, refused=refused):
            assert refused.acquire(timeout=PATIENCE)
            controls[1].send(b"TERMINATE")

        results = at_once(partial(run, a, b), partial(run, b, a), stop)
        assert results[2] is None
        assert outcomes(results[:2]) in ({None: 1, zmq.ConcurrentUseError: 1}, {zmq.ConcurrentUseError: 2})
        for control in controls:
            control.close(linger=0)


# Frames and trackers


@pytest.mark.parametrize("size", [1, 1024, 100_000])
def test_a_frame_sent_at_once(connected_pair, pipe, size):
    """Each send makes one more message that shares its memory."""
    pairs = [connected_pair(zmq.PULL, zmq.PUSH, rcvtimeo=PATIENCE * 1000) for _ in range(THREADS)]
    content = (b"0123456789abcdef" * 6250)[:size]
    for _ in range(200):
        pipe[1].send(content)
        frame = pipe[0].recv(copy=False)
        all_well(at_once(*[partial(push.send, frame, copy=False) for _, push in pairs]))
        frame = None
        received = [pull.recv(copy=False) for pull, _ in pairs]
        while received:
            assert received.pop().bytes == content


def test_a_frame_looked_at_and_copied(pipe):
    for _ in range(200):
        pipe[1].send(LARGE)
        frame = pipe[0].recv(copy=False)
        first, second, duplicate, view, _ = all_well(
            at_once(
                lambda frame=frame: frame.bytes,
                lambda frame=frame: frame.bytes,
                lambda frame=frame: copy.copy(frame),
                lambda frame=frame: memoryview(frame),
                lambda frame=frame: pipe[1].send(frame),
            )
        )
        frame = None
        assert first is second
        assert first == duplicate.bytes == bytes(view) == pipe[0].recv() == LARGE


def test_trackers_waited_for_in_many_threads(pipe):
    pull, push = pipe
    for _ in range(100):
        tracker = push.send(bytearray(LARGE), copy=False, track=True)
        both = zmq.MessageTracker(tracker, push.send(zmq.Frame(LARGE, track=True, copy=False), copy=False, track=True))

        def receive():
            assert pull.recv() == pull.recv() == LARGE

        all_well(at_once(partial(tracker.wait, PATIENCE), partial(both.wait, PATIENCE), both.wait, receive))
        assert tracker.done and both.done


# Contexts, pollers, shadows, and the making of all these


def test_sockets_made_while_the_context_ends():
    numbers = itertools.count()
    for _ in range(30):
        context = zmq.Context()

        def make(context=context):
            made = 0
            while True:
                try:
                    with context.socket(zmq.PAIR) as socket:
                        socket.bind(f"inproc://{next(numbers)}")
                        made += context.get(zmq.IO_THREADS)
                except zmq.ZMQError as error:
                    # destroy closes what it finds; and sockets that are closed count until libzmq's thread has its turn
                    assert error.errno in (zmq.ETERM, zmq.ENOTSOCK, errno.EMFILE), error
                    if error.errno == zmq.ETERM:
                        return made
                    time.sleep(0)

        def end(context=context):
            context.set(zmq.IPV6, 0)
            context.destroy(linger=0)

        all_well(at_once(make, make, make, end))
        assert context.closed


def test_a_poller_changed_while_others_poll(connected_pair):
    pairs = [connected_pair(zmq.PULL, zmq.PUSH) for _ in range(6)]
    for _, push in pairs:
        push.send(b"x")
    poller = zmq.Poller()
    poller.register(pairs[0][0], zmq.POLLIN)
    pulls = {pull for pull, _ in pairs}
    done = threading.Event()

    def change(mine):
        for _ in range(300):
            for pull, _ in mine:
                poller.register(pull, zmq.POLLIN)
            for pull, _ in mine:
                poller.modify(pull, zmq.POLLIN | zmq.POLLOUT)
            for pull, _ in mine:
                poller.unregister(pull)

    def poll(timeout):
        while not done.is_set():
            ready = poller.poll(timeout)
            assert {socket for socket, _ in ready} <= pulls
            assert all(events == zmq.POLLIN for _, events in ready)
            assert (pairs[0][0], zmq.POLLIN) in ready
            assert len(poller.sockets) <= 6

    def change_all():
        try:
            all_well(at_once(partial(change, pairs[1:3]), partial(change, pairs[3:6])))
        finally:
            done.set()

    all_well(at_once(partial(poll, 0), partial(poll, 0), partial(poll, PATIENCE * 1000), change_all))
    assert poller.sockets == [(pairs[0][0], zmq.POLLIN)]


def test_shadows_made_at_once(context):
    """They have one state: what closes one closes all."""
    for _ in range(100):
        socket = context.socket(zmq.PAIR)
        shadows = all_well(at_once(*[partial(zmq.Socket.shadow, socket.underlying)] * THREADS))
        all_well(at_once(*[shadow.close for shadow in shadows]))
        assert socket.closed and all(shadow.closed for shadow in shadows)
        contexts = all_well(at_once(*[partial(zmq.Context.shadow, context.underlying)] * THREADS))
        assert all(shadow.underlying == context.underlying for shadow in contexts)


def test_initialised_once(context):
    arguments = {zmq.Context: (), zmq.Socket: (context, zmq.PAIR), zmq.Frame: (LARGE,)}
    for kind in arguments:
        for _ in range(50):
            thing = kind.__new__(kind)
            results = at_once(*[partial(kind.__init__, thing, *arguments[kind])] * THREADS)
            assert outcomes(results) == {None: 1, RuntimeError: THREADS - 1}
            if kind is zmq.Frame:
                assert thing.bytes == LARGE
            else:
                assert not thing.closed
                thing.term() if kind is zmq.Context else thing.close()


def test_the_instance_is_one():
    class Fresh(zmq.Context):
        pass

    for _ in range(50):
        instances = all_well(at_once(*[Fresh.instance] * THREADS))
        assert len(set(map(id, instances))) == 1
        instances[0].term()


def test_a_stopwatch_stopped_once():
    for _ in range(100):
        watch = zmq.Stopwatch()
        watch.start()
        assert outcomes(at_once(*[watch.stop] * THREADS)) == {None: 1, zmq.ZMQError: THREADS - 1}
