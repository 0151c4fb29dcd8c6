"""Pollers that are changed while another thread is in them: the change holds, or raises; nothing breaks."""

from __future__ import annotations

import os
import time

import pytest
from blocking import wait_until_blocked

import zmqbind as zmq


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_unregister_leaves_no_mark(make_socket, connected_pair, threads, patience):
    """A socket that is taken out of a poller that waits is free once that wait is over."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH)
    other = make_socket(zmq.PULL)
    poller = zmq.Poller()
    poller.register(other, zmq.POLLIN)
    poller.register(pull, zmq.POLLIN)
    results = []
    threads.start(lambda: results.append(poller.poll(patience * 1000)))
    wait_until_blocked(other, patience)
    poller.unregister(other)
    push.send(b"wakes it")
    threads.finish()
    assert results == [[(pull, zmq.POLLIN)]]
    assert other.get(zmq.EVENTS) == 0
    assert poller.sockets == [(pull, zmq.POLLIN)]


def test_register_takes_no_mark_away(make_socket, connected_pair, threads, patience):
    """A socket that another thread is blocked in stays protected when it is put into a poller that waits."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH)
    busy, feeder = connected_pair(zmq.PULL, zmq.PUSH)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)

    def poll():
        try:
            assert (pull, zmq.POLLIN) in poller.poll(patience * 1000)
        except zmq.ConcurrentUseError as error:  # the poll noticed what was registered meanwhile
            assert "poll" in str(error)
            assert "recv" in str(error)

    threads.start(busy.recv)
    wait_until_blocked(busy, patience)
    threads.start(poll)
    wait_until_blocked(pull, patience)
    poller.register(busy, zmq.POLLIN)
    push.send(b"ends the poll")
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            pull.get(zmq.LINGER)
            break
        except zmq.ConcurrentUseError:
            time.sleep(0)
    with pytest.raises(zmq.ConcurrentUseError):
        busy.get(zmq.LINGER)
    feeder.send(b"ends the recv")
    threads.finish()


def test_descriptors_come_and_go(scaled, threads, switching, pipe):
    """The array that poll(2) looks at must not move under it."""
    reader, _ = pipe
    poller = zmq.Poller()
    poller.register(reader, zmq.POLLIN)
    copies = [os.dup(reader) for _ in range(200)]
    running = [True]

    def poll():
        while running:
            assert poller.poll(1) == []

    for _ in range(3):
        threads.start(poll)
    try:
        for _ in range(scaled(20, 500)):
            for copy in copies:
                poller.register(copy, zmq.POLLIN)
            for copy in copies:
                poller.modify(copy, zmq.POLLIN | zmq.POLLERR)
            for copy in copies:
                poller.unregister(copy)
    finally:
        running.clear()
        threads.finish()
        for copy in copies:
            os.close(copy)
    assert poller.sockets == [(reader, zmq.POLLIN)]


def test_sockets_come_and_go(scaled, make_socket, connected_pair, threads, switching):
    """One thread polls and receives, another puts sockets in and out: every message is seen."""
    pairs = [connected_pair(zmq.PULL, zmq.PUSH) for _ in range(8)]
    count = scaled(500, 10_000)
    poller = zmq.Poller()
    poller.register(pairs[0][0], zmq.POLLIN)
    received = []
    refused = 0

    def receive():
        nonlocal refused
        while len(received) < count:
            try:
                ready = poller.poll(1)
                for socket, events in ready:
                    assert events == zmq.POLLIN
                    received.append(socket.recv(zmq.DONTWAIT))
            except zmq.ConcurrentUseError:
                refused += 1

    def change():
        while len(received) < count:
            for pull, _ in pairs[1:]:
                poller.register(pull, zmq.POLLIN)
            for pull, _ in pairs[1:]:
                poller.unregister(pull)

    threads.start(receive)
    threads.start(change)
    for number in range(count):
        pairs[number % len(pairs)][1].send(b"%d" % number)
    threads.finish()
    assert sorted(map(int, received)) == list(range(count))
    for pull, _ in pairs:  # none keeps a mark
        assert not pull.poll(0)
