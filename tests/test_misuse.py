"""What nobody should do, and what must not break the process when somebody does."""

from __future__ import annotations

import os
import sys
import threading
import weakref

import numpy
import pytest
from blocking import wait_until_blocked

import zmqbind as zmq

PATIENCE = 20_000  # milliseconds


def blocked_in(function, *args):
    """Start a thread that calls function; return it and a list that gets the result or the exception."""
    results = []

    def call():
        try:
            results.append(function(*args))
        except zmq.ZMQError as error:
            results.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread, results


# Pollers that change while they wait.


def test_a_poller_may_grow_while_it_waits(connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    poller = zmq.Poller()
    poller.register(receiver, zmq.POLLIN)
    thread, results = blocked_in(poller.poll, PATIENCE)
    wait_until_blocked(receiver)
    reader, writer = os.pipe()
    try:
        for _ in range(400):
            poller.register(os.dup(reader), zmq.POLLIN)
        sender.send(b"x")
        thread.join(PATIENCE / 1000)
        assert results == [[(receiver, zmq.POLLIN)]]
    finally:
        os.close(writer)
        for descriptor, _ in poller.sockets[1:]:
            os.close(descriptor)
        os.close(reader)


def test_a_socket_taken_out_while_a_poll_waits_is_free_afterwards(make_socket, connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    other = make_socket(zmq.PULL)
    poller = zmq.Poller()
    poller.register(receiver, zmq.POLLIN)
    poller.register(other, zmq.POLLIN)
    thread, _results = blocked_in(poller.poll, PATIENCE)
    wait_until_blocked(other)
    poller.unregister(other)
    sender.send(b"x")
    thread.join(PATIENCE / 1000)
    assert other.poll(0) == 0
    other.close()


def test_a_poll_leaves_the_marks_of_others_alone(make_socket, connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    other_sender, other = connected_pair(zmq.PUSH, zmq.PULL)
    poller = zmq.Poller()
    poller.register(receiver, zmq.POLLIN)
    poll, _ = blocked_in(poller.poll, PATIENCE)
    wait_until_blocked(receiver)
    recv, received = blocked_in(other.recv)
    wait_until_blocked(other)
    poller.register(other, zmq.POLLIN)
    sender.send(b"x")
    poll.join(PATIENCE / 1000)
    with pytest.raises(zmq.ConcurrentUseError, match=r"poll.*recv"):
        other.poll(0)
    other_sender.send(b"y")
    recv.join(PATIENCE / 1000)
    assert received == [b"y"]


class Changing:
    """Something with fileno() that changes the poller it is being registered with."""

    def __init__(self, poller, change):
        self.poller, self.change = poller, change

    def fileno(self):
        self.change(self.poller)
        return 0


def test_fileno_may_change_the_poller():
    poller = zmq.Poller()
    for descriptor in (0, 1, 2):
        poller.register(descriptor, zmq.POLLIN)
    clear = Changing(poller, lambda p: [p.unregister(d) for d, _ in list(p.sockets)])
    poller.register(clear, zmq.POLLIN)
    assert poller.sockets == [(clear, zmq.POLLIN)]
    more = Changing(poller, lambda p: p.register(7, zmq.POLLIN))
    poller.register(more, zmq.POLLIN)
    assert poller.sockets == [(clear, 1), (7, 1), (more, 1)]


@pytest.mark.parametrize("flags", [-1, 1 << 15, 1 << 16])
def test_poll_flags_out_of_range(make_socket, flags):
    socket = make_socket(zmq.PULL)
    with pytest.raises(OverflowError, match="flags"):
        zmq.Poller().register(socket, flags)
    with pytest.raises(OverflowError, match="flags"):
        zmq.zmq_poll([(socket, flags)], 0)


# Objects that are made twice, or half.


def test_nothing_is_initialised_twice(context, make_socket):
    with pytest.raises(RuntimeError, match="twice"):
        context.__init__()
    with pytest.raises(RuntimeError, match="twice"):
        make_socket(zmq.PULL).__init__(context, zmq.PUSH)
    shadow = zmq.Socket(make_socket(zmq.PULL))
    shadow.close()
    with pytest.raises(RuntimeError, match="twice"):
        shadow.__init__(context, zmq.PUSH)


def test_a_frame_is_not_initialised_twice(connected_pair):
    content = b"immutable" * 10_000
    sender, receiver = connected_pair(zmq.PAIR, zmq.PAIR)
    sender.send(b"x")
    for frame in (zmq.Frame(bytearray(70_000), copy=False), zmq.Frame(), receiver.recv(copy=False)):
        with pytest.raises(RuntimeError, match="twice"):
            frame.__init__(content, copy=False)


def test_half_made_objects_raise():
    for call in (
        lambda: zmq.Socket.__new__(zmq.Socket).send(b"x"),
        lambda: zmq.Socket.__new__(zmq.Socket).poll(0),
        lambda: zmq.Socket(zmq.Socket.__new__(zmq.Socket)),
        lambda: zmq.Context.__new__(zmq.Context).socket(zmq.PULL),
        lambda: zmq.Context.__new__(zmq.Context).get(zmq.IO_THREADS),
    ):
        with pytest.raises(zmq.ZMQError):
            call()
    assert len(zmq.Frame.__new__(zmq.Frame)) == 0
    completion = type(zmq.Frame(bytearray(70_000), track=True, copy=False).tracker_event)()
    assert not completion.is_set() and not completion.wait(0)


# Shadows.


def test_all_shadows_see_the_socket_closed(context):
    other = zmq.Context.shadow(context.underlying)
    socket = other.socket(zmq.PULL)
    shadows = [zmq.Socket.shadow(socket.underlying), zmq.Socket(socket), zmq.Socket.shadow(socket.underlying)]
    socket.close()
    for shadow in shadows:
        assert shadow.closed
        with pytest.raises(zmq.ZMQError):
            shadow.recv()


@pytest.mark.parametrize("address", [1, 4095, -5])
def test_what_is_no_address(address):
    for shadow in (zmq.Socket.shadow, zmq.Context.shadow):
        with pytest.raises((ValueError, OverflowError)):
            shadow(address)


# The end of a context.


def test_a_terminated_context_is_told_although_messages_wait(context, connected_pair):
    sender, receiver = connected_pair(zmq.PUSH, zmq.PULL)
    sender.send(b"x")
    poller = zmq.Poller()
    poller.register(receiver, zmq.POLLIN)
    assert poller.poll(PATIENCE) and receiver.poll(0)
    thread, _ = blocked_in(context.term)
    while True:
        try:
            context.get(zmq.IO_THREADS)
        except zmq.ContextTerminated:
            break
    for call in (lambda: receiver.poll(0), lambda: poller.poll(0), lambda: zmq.zmq_poll([(receiver, 1)], 0)):
        with pytest.raises(zmq.ContextTerminated):
            call()
    sender.close(0)
    receiver.close(0)
    thread.join(PATIENCE / 1000)
    assert context.closed


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGALRM")
def test_destroy_in_a_signal_handler_ends_a_blocked_term(run_python):
    output = run_python(
        """
        import signal, zmqbind as zmq
        context = zmq.Context()
        socket = context.socket(zmq.PULL)
        signal.signal(signal.SIGALRM, lambda *_: context.destroy(0))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        context.term()
        print(context.closed, socket.closed)
        """
    )
    assert output == "True True\n"


def test_destroy_with_a_monitored_socket_that_is_blocked(context):
    monitored = context.socket(zmq.PULL)
    monitor = monitored.get_monitor_socket()
    thread, results = blocked_in(monitored.recv)
    wait_until_blocked(monitored)
    context.destroy(0)
    thread.join(PATIENCE / 1000)
    assert isinstance(results[0], zmq.ContextTerminated)
    assert monitored.closed and monitor.closed


def test_a_weak_reference_may_terminate_the_context(run_python):
    run_python(
        """
        import weakref, zmqbind as zmq
        context = zmq.Context()
        socket = context.socket(zmq.PULL)
        reference = weakref.ref(socket, lambda _: context.term())
        del socket
        assert context.closed
        """
    )


def test_a_message_sent_by_a_late_exit_handler_arrives(run_python, make_socket):
    receiver = make_socket(zmq.PULL, rcvtimeo=PATIENCE)
    receiver.bind("tcp://127.0.0.1:*")
    run_python(
        """
        import atexit, sys
        atexit.register(lambda: socket.send(b"last words"))  # registered first, so it runs last
        import zmqbind as zmq
        zmq.EXIT_LINGER = 20_000
        socket = zmq.Context().socket(zmq.PUSH)
        socket.connect(sys.argv[1])
        """,
        receiver.last_endpoint.decode(),
    )
    assert receiver.recv() == b"last words"


def test_a_daemon_thread_that_goes_on_sending_is_silent_at_exit(run_python):
    output = run_python(
        """
        import threading, zmqbind as zmq
        zmq.EXIT_LINGER = 10
        socket = zmq.Context().socket(zmq.PUB)
        socket.bind("tcp://127.0.0.1:*")
        started = threading.Event()
        def send():
            while True:
                socket.send(b"x")
                started.set()
        threading.Thread(target=send, daemon=True).start()
        started.wait()
        """
    )
    assert output == ""


# Subclasses, and values of unusual types.


def test_attributes_that_a_subclass_declares(context):
    class Annotated(zmq.Socket):
        colour: str

    with context.socket(zmq.PULL, Annotated) as socket:
        socket.colour = "red"
        assert socket.colour == "red"
        with pytest.raises(AttributeError):
            socket.color = "red"


def test_a_subclass_that_overrides_send_checks_all_parts_first(context):
    class Counting(zmq.Socket):
        count = 0

        def send(self, *args, **kwargs):
            self.count += 1
            return super().send(*args, **kwargs)

    with context.socket(zmq.PUSH, Counting) as sender:
        with pytest.raises(TypeError, match=r"msg_parts\[1\]"):
            sender.send_multipart([b"1", None, b"2"], zmq.DONTWAIT)
        assert sender.count == 0


def test_subclasses_of_bytes_and_str(make_socket):
    socket = make_socket(zmq.DEALER)
    socket.set(zmq.ROUTING_ID, numpy.bytes_(b"name"))
    assert socket.routing_id == b"name"
    setattr(socket, numpy.str_("linger"), 7)
    assert socket.linger == 7
    socket.bind(numpy.bytes_(b"inproc://" + str(id(socket)).encode()))
    socket.connect(numpy.str_("inproc://elsewhere"))


def test_recv_into_what_is_not_contiguous(connected_pair):
    sender, receiver = connected_pair(zmq.PAIR, zmq.PAIR)
    sender.send(b"x")
    with pytest.raises(BufferError):
        receiver.recv_into(numpy.zeros(10, "u1")[::2])
    assert receiver.recv() == b"x"


def test_type_is_a_socket_type(make_socket):
    socket = make_socket(zmq.PUSH)
    assert socket.type is zmq.SocketType.PUSH and socket.TYPE is zmq.SocketType.PUSH


def test_options_cannot_be_deleted(make_socket, context):
    with pytest.raises(AttributeError, match="LINGER"):
        del make_socket(zmq.PUSH).linger
    with pytest.raises(AttributeError, match="IO_THREADS"):
        del context.io_threads


def test_a_weak_reference_to_each_kind_of_object(context, make_socket):
    for thing in (context, make_socket(zmq.PULL), zmq.Frame(b"x")):
        assert weakref.ref(thing)() is thing
