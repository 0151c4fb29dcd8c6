"""Contexts, sockets, their options and endpoints when everything that can fail does."""

from __future__ import annotations

import errno

import pytest
from faults.harness import drive

import zmqbind as zmq


def works(world):
    """Make sure that new sockets of the world's context pass messages."""
    sender, receiver = world.pair(endpoint="inproc://works", rcvtimeo=10_000)
    sender.send(b"it works")
    assert receiver.recv() == b"it works"


def test_context(fault):
    def scenario(world):
        def operation():
            with zmq.Context(2) as context:
                return context.get(zmq.IO_THREADS)

        outcome = yield operation
        if outcome.done:
            assert outcome.value == 2

    # Nothing interrupts the making of a context, so that is not tried again.
    known = {"zmq_ctx_set": zmq.ZMQError} if fault.code == errno.EINTR else None
    assert drive(scenario, fault, becomes=known) >= 5


def test_context_options(fault):
    def scenario(world):
        def operation():
            world.context.max_sockets = 100
            return world.context.max_sockets

        outcome = yield operation
        if outcome.done:
            assert outcome.value == 100
        works(world)

    assert drive(scenario, fault) >= 2


def test_dropped_context(fault):
    def scenario(world):
        def operation():
            zmq.Context()  # terminated by a thread of its own

        yield operation

    known = {"zmq_ctx_set": zmq.ZMQError} if fault.code == errno.EINTR else None
    assert drive(scenario, fault, becomes=known) >= 5


def test_shadow_context(fault):
    def scenario(world):
        def operation():
            with_context = zmq.Context.shadow(world.context.underlying)
            return with_context.underlying == world.context.underlying

        outcome = yield operation
        assert outcome.value is True
        works(world)

    drive(scenario, fault)


def test_foreign_shadow_context(fault):
    """A shadow of a context that is not zmqbind's: it gets a handle of its own."""

    def scenario(world):
        address = world.context.underlying + 1
        yield lambda: zmq.Context.shadow(address)
        works(world)

    assert drive(scenario, fault) >= 3


@pytest.mark.parametrize("ending", ["term", "destroy"])
def test_end_of_context(fault, ending):
    def scenario(world):
        context = zmq.Context()
        sockets = [context.socket(zmq.PUSH) for _ in range(2)]
        if ending == "term":
            for socket in sockets:
                socket.close()
        world.sockets.append(context)
        outcome = yield lambda: context.destroy(linger=0) if ending == "destroy" else context.term()
        if not outcome.done:
            context.destroy(linger=0)
        assert context.closed and all(socket.closed for socket in sockets)

    known = {"zmq_setsockopt": None} if fault.code == zmq.ETERM else {}
    assert drive(scenario, fault, becomes=known) >= 2


@pytest.mark.filterwarnings("ignore:unclosed socket")  # what was made before the failure is dropped
def test_socket(fault):
    def scenario(world):
        yield lambda: world.sockets.append(zmq.Socket(world.context, zmq.PUSH, copy_threshold=10))
        works(world)

    assert drive(scenario, fault) >= 2


@pytest.mark.filterwarnings("ignore:unclosed socket")
def test_socket_of_context_with_defaults(fault):
    def scenario(world):
        world.context.linger = 0
        world.context.sndhwm = 7

        def operation():
            world.sockets.append(world.context.socket(zmq.PUSH))
            return world.sockets[-1].sndhwm

        outcome = yield operation
        if outcome.done and not outcome.hits:
            assert outcome.value == 7
        works(world)

    known = {"zmq_setsockopt": None}  # defaults that libzmq refuses are passed over
    if fault.code == errno.EINVAL:
        known["zmq_getsockopt"] = AttributeError
    if fault.times == 1:
        assert drive(scenario, fault, becomes=known) >= 5


def test_shadow_socket(fault):
    def scenario(world):
        socket = world.socket(zmq.PUSH)

        def operation():
            first = zmq.Socket.shadow(socket)
            second = zmq.Socket.shadow(socket.underlying)
            return first.socket_type == second.socket_type == zmq.PUSH

        outcome = yield operation
        if outcome.done:
            assert outcome.value is True
        assert not socket.closed
        works(world)

    assert drive(scenario, fault) >= 2


@pytest.mark.parametrize("linger", [None, 0])
def test_close(fault, linger):
    def scenario(world):
        socket = world.socket(zmq.PUSH)
        outcome = yield lambda: socket.close(linger)
        if not outcome.done:
            assert outcome.interrupted or not socket.closed
            socket.close()
        assert socket.closed
        works(world)

    known = {"zmq_setsockopt": None} if fault.code == zmq.ETERM else {}
    assert drive(scenario, fault, becomes=known) >= 1


@pytest.mark.parametrize("name, value", [("sndhwm", 5), ("routing_id", b"abc"), ("maxmsgsize", 5), ("affinity", 1)])
def test_option(fault, name, value):
    def scenario(world):
        socket = world.socket(zmq.DEALER)
        before = getattr(socket, name)

        def operation():
            setattr(socket, name, value)
            return getattr(socket, name)

        outcome = yield operation
        assert outcome.value == value if outcome.done else getattr(socket, name) in (before, value)
        works(world)

    known = {"zmq_getsockopt": AttributeError} if fault.code == errno.EINVAL else None
    assert drive(scenario, fault, becomes=known) >= 2


def test_option_by_number(fault):
    def scenario(world):
        socket = world.socket(zmq.SUB)

        def operation():
            socket.set(zmq.SUBSCRIBE, b"topic")
            socket.set_string(zmq.UNSUBSCRIBE, "topic")
            socket.subscribe("x")
            return socket.get(zmq.TYPE), socket.get_string(zmq.LAST_ENDPOINT), socket.get(zmq.FD) > 0, socket.closed

        outcome = yield operation
        if outcome.done:
            assert outcome.value == (zmq.SUB, "", True, False)
        works(world)

    assert drive(scenario, fault) >= 7


@pytest.mark.parametrize("transport", ["inproc", "tcp", "ipc"])
def test_endpoints(fault, transport, tmp_path):
    def scenario(world):
        address = {"inproc": "inproc://a", "tcp": "tcp://127.0.0.1:*", "ipc": f"ipc://{tmp_path}/a"}[transport]
        bound, connected = world.socket(zmq.PUSH), world.socket(zmq.PULL)

        def operation():
            bound.bind(address)
            endpoint = bound.last_endpoint.decode()
            connected.connect(endpoint)
            connected.disconnect(endpoint)
            bound.unbind(endpoint)

        yield operation
        assert bound.bind_to_random_port("tcp://127.0.0.1") > 0
        works(world)

    known = {"zmq_getsockopt": AttributeError} if fault.code == errno.EINVAL else None
    assert drive(scenario, fault, becomes=known) >= 5


@pytest.mark.filterwarnings("ignore:unclosed socket")
def test_monitor(fault):
    def scenario(world):
        socket = world.socket(zmq.PUSH)

        def operation():
            monitor = socket.get_monitor_socket()
            world.sockets.append(monitor)
            monitor.close()
            socket.disable_monitor()

        yield operation
        socket.bind("tcp://127.0.0.1:*")  # would wait for ever if nobody could take the events
        works(world)

    # Closing the monitor ends the monitoring; where libzmq refuses that, the monitor is closed nevertheless.
    raised = {errno.EAGAIN: zmq.Again, zmq.ETERM: zmq.ContextTerminated}.get(fault.code, zmq.ZMQError)
    assert drive(scenario, fault, becomes={"zmq_socket_monitor": [None, raised]}) >= 4


def test_dropped_socket(fault):
    def scenario(world):
        socket = [world.context.socket(zmq.PUSH)]

        def operation():
            with pytest.warns(ResourceWarning):
                socket.clear()

        yield operation
        works(world)

    assert drive(scenario, fault) >= 1
