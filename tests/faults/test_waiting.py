"""Pollers and proxies when everything that can fail does."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from faults.harness import drive

import zmqbind as zmq
from zmqbind.devices import monitored_queue


@pytest.mark.parametrize("timeout", [0, 10_000])
@pytest.mark.parametrize("flags", [zmq.POLLIN, zmq.POLLIN | zmq.POLLOUT])
def test_socket_poll(fault, timeout, flags):
    def scenario(world):
        sender, receiver = world.pair()
        sender.send(b"a")
        outcome = yield lambda: receiver.poll(timeout, flags)
        if outcome.done:
            assert outcome.value == zmq.POLLIN
        assert receiver.poll(10_000) and receiver.recv() == b"a"

    assert drive(scenario, fault) >= 1


@pytest.mark.parametrize("timeout", [0, 2])
def test_socket_poll_of_nothing(fault, timeout):
    def scenario(world):
        _, receiver = world.pair()
        receiver.poll(0)
        outcome = yield lambda: receiver.poll(timeout)
        if outcome.done:
            assert outcome.value == 0

    # poll(2) is only a short cut here: where it fails, libzmq is asked.
    raised = {errno.EAGAIN: zmq.Again, zmq.ETERM: zmq.ContextTerminated}.get(fault.code, zmq.ZMQError)
    becomes = {"poll": [None, raised]} if fault.code != errno.EINTR and timeout else {}
    assert drive(scenario, fault, unheard=() if timeout else ["poll"], becomes=becomes) >= 2


@pytest.mark.parametrize("timeout", [0, 10_000])
def test_poller(fault, timeout):
    def scenario(world):
        sender, receiver = world.pair()
        sender.send(b"a")
        reading, writing = os.pipe()
        os.write(writing, b"x")
        poller = zmq.Poller()

        def operation():
            for entry in (receiver, reading):
                poller.register(entry, zmq.POLLIN)
            return poller.poll(timeout)

        try:
            outcome = yield operation
            if outcome.done:
                assert outcome.value == [(receiver, zmq.POLLIN), (reading, zmq.POLLIN)]
            for entry in (receiver, reading):
                poller.register(entry, zmq.POLLIN)
            assert poller.poll(timeout) == [(receiver, zmq.POLLIN), (reading, zmq.POLLIN)]
            assert receiver.recv() == b"a"
        finally:
            os.close(reading)
            os.close(writing)

    assert drive(scenario, fault) >= 8


def test_poller_waits(fault):
    def scenario(world):
        sender, receiver = world.pair()
        poller = zmq.Poller()
        poller.register(receiver, zmq.POLLIN)
        later = threading.Timer(world.delay, sender.send, [b"a"])
        later.start()
        outcome = yield lambda: poller.poll(10_000)
        later.join()
        if outcome.done:
            assert outcome.value == [(receiver, zmq.POLLIN)]
        assert receiver.poll(10_000) and receiver.recv() == b"a"

    drive(scenario, fault, at_least=3)


@pytest.mark.parametrize("function", ["zmq_poll", "select"])
def test_poll_functions(fault, function):
    def scenario(world):
        sender, receiver = world.pair()
        sender.send(b"a")

        def operation():
            if function == "zmq_poll":
                return zmq.zmq_poll([(receiver, zmq.POLLIN), (sender, zmq.POLLIN)], 1000)
            return zmq.select([receiver, sender], [], [], 1)

        outcome = yield operation
        if outcome.done:
            assert outcome.value in ([(receiver, zmq.POLLIN)], ([receiver], [], []))
        assert receiver.recv() == b"a"

    # The descriptor is asked for as an attribute.
    becomes = {"zmq_getsockopt": [zmq.ZMQError, AttributeError]} if fault.code == errno.EINVAL else {}
    assert drive(scenario, fault, becomes=becomes) >= 8


def test_steerable_proxy(fault):
    def scenario(world):
        client, front = world.pair(zmq.DEALER, zmq.ROUTER, "inproc://front")
        back, server = world.pair(zmq.DEALER, zmq.DEALER, "inproc://back")
        capture, _ = world.pair(zmq.PUSH, zmq.PULL, "inproc://capture")
        steering, control = world.pair(zmq.PAIR, zmq.PAIR, "inproc://control")
        for command in (b"PAUSE", b"RESUME", b"STATISTICS", b"TERMINATE"):
            steering.send(command)
        client.send_multipart([b"there", b"1" * 100])
        server.send_multipart([b"unknown", b"back"])
        outcome = yield lambda: zmq.proxy_steerable(front, back, capture, control)
        if outcome.done:
            assert outcome.value == 0
        steering.send(b"the sockets")
        server.send(b"still work")

    # A socket whose state cannot be read is taken for one without room, and asked again.
    becomes = {"zmq_getsockopt": [None, zmq.ZMQError, zmq.ContextTerminated]}
    if fault.code == errno.EINTR:  # which everything in the loop is tried again after
        becomes |= {"zmq_msg_copy": None, "zmq_msg_init_size": None}
    if fault.code != errno.EAGAIN:
        assert drive(scenario, fault, becomes=becomes) >= 20


@pytest.mark.parametrize("function", [zmq.proxy, monitored_queue])
def test_proxy_until_the_context_ends(fault, function):
    def scenario(world):
        client, front = world.pair(zmq.DEALER, zmq.ROUTER, "inproc://front")
        back, server = world.pair(zmq.ROUTER, zmq.DEALER, "inproc://back", routing_id=b"peer")
        capture, captured = world.pair(zmq.PUB, zmq.SUB, "inproc://capture")
        captured.subscribe("")
        assert capture.poll(10_000, zmq.POLLOUT)
        client.send_multipart([b"peer", b"1" * 100])
        server.send_multipart([b"nobody", b"back"])
        context = world.context
        ended = threading.Thread(target=lambda: (captured.poll(20), context.destroy(linger=0)))

        def operation():
            ended.start()
            try:
                function(front, back, capture)
            except zmq.ContextTerminated:
                pass

        yield operation
        ended.join()

    if fault.code not in (errno.EAGAIN, zmq.ETERM):  # which end it, or nothing
        # How often the proxy looks, and so what an nth failure hits, depends on when the context ends.
        known = ["zmq_getsockopt", "zmq_msg_init_size", "zmq_msg_copy"]
        drive(scenario, fault, becomes={name: [None, zmq.ZMQError] for name in known})
