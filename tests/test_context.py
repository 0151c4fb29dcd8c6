"""Contexts: their options, life cycle, shadows, and the end of everything that belongs to them."""

import copy
import errno
import gc
import itertools
import threading
import weakref

import pytest
from blocking import TRANSFERS

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

numbers = itertools.count()


def exchange(first, second):
    """Proves that two contexts are one: inproc endpoints do not reach from one to another."""
    with first.socket(zmq.PAIR) as a, second.socket(zmq.PAIR) as b:
        # A new name each time: libzmq frees that of a closed socket a little later, in its reaper thread.
        endpoint = f"inproc://exchange-{next(numbers)}"
        a.bind(endpoint)
        b.connect(endpoint)
        b.rcvtimeo = PATIENCE
        a.send(b"x")
        assert b.recv() == b"x"


# options


def test_io_threads():
    for context in (zmq.Context(3), zmq.Context(io_threads=3)):
        assert context.io_threads == context.IO_THREADS == context.get(zmq.IO_THREADS) == 3
        context.term()


def test_options_by_attribute_and_by_get_and_set(context):
    assert context.io_threads == 1
    context.set(zmq.IO_THREADS, 2)
    assert context.io_threads == 2
    context.io_threads = 3
    assert context.get(zmq.IO_THREADS) == 3
    context.IO_THREADS = 4
    assert context.io_threads == 4
    context.max_sockets = 17
    assert context.get(zmq.MAX_SOCKETS) == context.MAX_SOCKETS == 17


def test_options_that_are_only_read(context):
    assert context.get(zmq.SOCKET_LIMIT) == context.socket_limit >= context.max_sockets
    assert context.get(zmq.MSG_T_SIZE) == context.msg_t_size == 64


def test_max_msgsz(context):
    context.max_msgsz = 1000
    assert context.get(zmq.MAX_MSGSZ) == context.max_msgsz == 1000


def test_unknown_attribute(context):
    with pytest.raises(AttributeError, match=r"(?i)no_such_option"):
        context.no_such_option = 1
    with pytest.raises(AttributeError, match=r"(?i)no_such_option"):
        _ = context.no_such_option


def test_more_sockets_than_max_sockets(context, make_socket, raises_errno):
    context.max_sockets = 3
    sockets = [make_socket(zmq.PUSH) for _ in range(3)]
    with raises_errno(errno.EMFILE):
        make_socket(zmq.PUSH)
    for socket in sockets:
        socket.linger = 0
        assert socket.linger == 0


# default options of sockets


def test_default_option_applies_to_later_sockets(context, make_socket):
    before = make_socket(zmq.PUSH)
    linger = before.linger
    context.linger = 7
    assert context.linger == context.LINGER == 7
    assert before.linger == linger
    assert make_socket(zmq.PUSH).linger == 7
    context.LINGER = 8
    assert make_socket(zmq.PUSH).linger == 8


def test_default_option_by_setsockopt(context, make_socket):
    context.setsockopt(zmq.RCVHWM, 3)
    assert context.getsockopt(zmq.RCVHWM) == context.rcvhwm == make_socket(zmq.PULL).rcvhwm == 3


def test_default_option_of_other_socket_types_is_skipped(context, make_socket):
    context.subscribe = b"topic"
    context.linger = 5
    assert make_socket(zmq.PUSH).linger == 5
    publisher, subscriber = make_socket(zmq.XPUB), make_socket(zmq.SUB)
    publisher.rcvtimeo = PATIENCE
    publisher.bind("inproc://publisher")
    subscriber.connect("inproc://publisher")
    assert publisher.recv() == b"\1topic"


def test_deleted_default_option(context, make_socket):
    linger = make_socket(zmq.PUSH).linger
    context.linger = linger + 5
    del context.linger
    assert make_socket(zmq.PUSH).linger == linger
    with pytest.raises(AttributeError):
        _ = context.linger
    with pytest.raises(AttributeError):
        del context.linger


def test_default_option_that_was_never_set(context):
    with pytest.raises(AttributeError, match=r"(?i)rcvtimeo"):
        _ = context.rcvtimeo


def test_default_options_belong_to_one_context(context):
    context.linger = 7
    with zmq.Context() as other:
        with other.socket(zmq.PUSH) as socket:
            assert socket.linger != 7


@pytest.mark.parametrize("value, error", [("text", TypeError), (2**40, OverflowError)])
def test_default_option_of_the_wrong_type(context, make_socket, value, error):
    """It shows where it is set, or at the latest when it is used."""
    with pytest.raises(error, match=r"(?i)rcvtimeo"):
        context.rcvtimeo = value
        make_socket(zmq.PUSH)


# sockets


def test_socket_knows_its_context(context, make_socket):
    socket = make_socket(zmq.PULL)
    assert socket.context is context
    assert socket.socket_type == zmq.PULL


def test_socket_class(context):
    class Special(zmq.Socket):
        pass

    for socket in (context.socket(zmq.PUSH, socket_class=Special), context.socket(zmq.PUSH, Special)):
        with socket:
            assert type(socket) is Special


def test_socket_keywords(context):
    with context.socket(socket_type=zmq.PUSH, copy_threshold=3) as socket:
        assert socket.copy_threshold == 3


def test_repr_counts_sockets(context):
    assert "closed" not in repr(context)
    socket = context.socket(zmq.PUSH)
    assert "1 socket" in repr(context)
    socket.close()
    assert "1 socket" not in repr(context)


def test_socket_keeps_its_context_alive():
    context = zmq.Context()
    reference = weakref.ref(context)
    socket = context.socket(zmq.PAIR)
    del context
    gc.collect()
    assert socket.context is reference()
    assert not socket.context.closed
    socket.close()
    del socket
    gc.collect()
    assert reference() is None


# life cycle


def test_term_and_destroy_again():
    context = zmq.Context()
    assert not context.closed
    context.term()
    assert context.closed
    assert "closed" in repr(context)
    context.term()
    context.destroy()
    context.destroy(linger=0)
    assert context.closed


def test_context_manager_terminates_and_closes():
    with zmq.Context() as context:
        assert isinstance(context, zmq.Context)
        socket = context.socket(zmq.PUSH)
    assert context.closed
    assert socket.closed


def test_context_manager_of_a_socket(context):
    with context.socket(zmq.PUSH) as socket:
        assert not socket.closed
    assert socket.closed


def test_destroy_drops_what_lingers(endpoint_for):
    context = zmq.Context()
    sockets = [context.socket(zmq.PUSH) for _ in range(3)]
    for socket in sockets:
        socket.linger = -1
        socket.connect(endpoint_for("ipc"))
        socket.send(b"nobody takes this")
    context.destroy(linger=0)
    assert context.closed
    assert all(socket.closed for socket in sockets)


def test_term_delivers_what_lingers(make_socket, endpoint_for):
    receiver = make_socket(zmq.PULL, rcvtimeo=PATIENCE)
    receiver.bind(endpoint_for("tcp"))
    sending = zmq.Context()
    with sending.socket(zmq.PUSH) as sender:
        sender.connect(receiver.last_endpoint.decode())
        sender.linger = -1
        sender.send(b"x" * 100_000)
    sending.term()
    assert receiver.recv() == b"x" * 100_000


TERMINATED = {
    "socket": lambda c: c.socket(zmq.PUSH),
    "get": lambda c: c.get(zmq.IO_THREADS),
    "set": lambda c: c.set(zmq.IO_THREADS, 1),
    "attribute": lambda c: c.io_threads,
    "upper attribute": lambda c: c.MAX_SOCKETS,
    "setting an attribute": lambda c: setattr(c, "io_threads", 1),
}


@pytest.mark.parametrize("name", TERMINATED)
def test_use_of_a_terminated_context(name):
    context = zmq.Context()
    context.term()
    with pytest.raises(zmq.ContextTerminated) as caught:
        TERMINATED[name](context)
    assert caught.value.errno == zmq.ETERM
    assert isinstance(caught.value, zmq.ZMQError)


BLOCKING = {
    **TRANSFERS,
    "Socket.poll": lambda s: s.poll(),
    "zmq_poll": lambda s: zmq.zmq_poll([(s, zmq.POLLIN)]),
    "select": lambda s: zmq.select([s], [], []),
    "proxy": lambda s: zmq.proxy(s, s),
}
AT_ONCE = {
    "recv without waiting": lambda s: s.recv(zmq.DONTWAIT),
    "send without waiting": lambda s: s.send(b"x", zmq.DONTWAIT),
    "poll without waiting": lambda s: s.poll(0),
    "get": lambda s: s.get(zmq.LINGER),
    "set": lambda s: s.set(zmq.LINGER, 1),
    "events": lambda s: s.events,
    "bind": lambda s: s.bind("inproc://terminated"),
    "connect": lambda s: s.connect("inproc://terminated"),
}


@pytest.mark.parametrize("name", BLOCKING)
def test_termination_by_another_thread(name):
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    about_to_block = threading.Event()

    def terminate():
        about_to_block.wait()
        context.term()

    thread = threading.Thread(target=terminate, daemon=True)
    thread.start()
    about_to_block.set()
    try:
        with pytest.raises(zmq.ContextTerminated):
            BLOCKING[name](socket)
        for call in (BLOCKING | AT_ONCE).values():
            with pytest.raises(zmq.ContextTerminated):
                call(socket)
    finally:
        socket.close()
    thread.join(PATIENCE / 1000)
    assert context.closed
    assert socket.closed


# shared contexts


@pytest.fixture
def no_instance():
    """Ends the shared context before and after a test."""
    zmq.Context.instance().destroy(linger=0)
    yield
    zmq.Context.instance().destroy(linger=0)


def test_instance(no_instance):
    instance = zmq.Context.instance()
    assert zmq.Context.instance() is instance
    assert zmq.Context.instance(io_threads=2) is instance
    instance.term()
    other = zmq.Context.instance()
    assert other is not instance
    assert not other.closed


def test_instance_with_io_threads(no_instance):
    assert zmq.Context.instance(2).io_threads == 2


def test_instance_is_made_once_for_all_threads(no_instance):
    seen = []
    barrier = threading.Barrier(8, timeout=PATIENCE / 1000)

    def look():
        barrier.wait()
        seen.append(zmq.Context.instance())

    threads = [threading.Thread(target=look, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE / 1000)
    assert len(seen) == 8 and len({id(instance) for instance in seen}) == 1


@pytest.mark.parametrize(
    "share",
    [copy.copy, copy.deepcopy, zmq.Context, zmq.Context.shadow, lambda c: zmq.Context.shadow(c.underlying)],
    ids=["copy", "deepcopy", "Context", "shadow", "shadow of an address"],
)
def test_shadow(context, share):
    shadow = share(context)
    assert shadow is not context
    assert shadow.underlying == context.underlying
    exchange(context, shadow)
    del shadow
    gc.collect()
    assert not context.closed
    exchange(context, context)


@pytest.mark.parametrize("address", ["text", None, 1.5], ids=repr)
def test_shadow_of_what_is_no_context(address):
    with pytest.raises((TypeError, ValueError)):
        zmq.Context.shadow(address)


def test_socket_shadow(connected_pair):
    push, pull = connected_pair(zmq.PUSH, zmq.PULL, rcvtimeo=PATIENCE)
    for shadow in (zmq.Socket.shadow(pull), zmq.Socket.shadow(pull.underlying), copy.copy(pull)):
        assert shadow is not pull
        assert shadow.underlying == pull.underlying
        push.send(b"x")
        assert shadow.recv() == b"x"
        del shadow
        gc.collect()
        push.send(b"y")
        assert pull.recv() == b"y"


def test_socket_made_without_its_context():
    with pytest.raises(TypeError):
        zmq.Socket()


def test_socket_made_directly(context):
    with zmq.Socket(context, zmq.PUSH) as socket:
        assert socket.context is context
        assert socket.socket_type == zmq.PUSH


def test_option_that_is_minus_one_after_an_error(context, raises_errno):
    with raises_errno(errno.EINVAL):
        context.get(9999)
    assert context.get(zmq.THREAD_SCHED_POLICY) == -1
