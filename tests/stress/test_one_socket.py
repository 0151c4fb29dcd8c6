"""Many threads in one socket: what is accepted arrives once and whole; ConcurrentUseError is the only error."""

from __future__ import annotations

import collections
import time

import pytest
from blocking import wait_until_blocked

import zmqbind as zmq

SENDERS = 4


def parts_of(name, number):
    """A message of one to four parts, sometimes with a large one."""
    head = b"%d %d" % (name, number)
    middle = [b"", head * 3, bytes(40_000) if number % 100 == 3 else b"%d" % number]
    return [head, *middle[: number % 4]]


@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_four_threads_send_through_one_socket(scaled, patience, connected_pair, threads, switching, transport):
    count = scaled(2_000, 50_000)
    # Queues and the kernel's buffers hold a part of what is sent, so the senders are blocked before anybody receives.
    pull, push = connected_pair(zmq.PULL, zmq.PUSH, transport, sndhwm=50, rcvhwm=50, sndbuf=8192, rcvbuf=8192)
    pull.rcvtimeo = push.sndtimeo = patience * 1000
    refused = collections.Counter()
    sent = []

    def send(name):
        for number in range(count):
            parts = parts_of(name, number)
            while True:
                try:
                    if len(parts) == 1:
                        push.send(parts[0])
                    else:
                        push.send_multipart(parts, copy=number % 2)
                    break
                except zmq.ConcurrentUseError as error:
                    assert "send" in str(error)
                    refused["send"] += 1
                    time.sleep(0)
        sent.append(name)

    def disturb():
        calls = {
            "get": lambda: push.get(zmq.EVENTS),
            "set": lambda: push.set(zmq.LINGER, 0),
            "poll": lambda: push.poll(0, zmq.POLLOUT),
            "recv": lambda: pull.get(zmq.RCVMORE),
        }
        while len(sent) < SENDERS:
            for name, call in calls.items():
                try:
                    call()
                except zmq.ConcurrentUseError:
                    refused[name] += 1
                time.sleep(0)

    for name in range(SENDERS):
        threads.start(send, name)
    threads.start(disturb)
    end = time.monotonic() + patience
    while not refused["send"]:
        assert time.monotonic() < end, "no call ever found the socket blocked"
        threads.check()
        time.sleep(0.001)
    progress = collections.Counter()
    for _ in range(SENDERS * count):
        try:
            parts = pull.recv_multipart()
        except zmq.ConcurrentUseError:  # never: disturb() only makes calls that do not wait
            pytest.fail("a call that does not wait was in the way")
        name = int(parts[0].split()[0])
        assert parts == parts_of(name, progress[name])
        progress[name] += 1
    threads.finish()
    assert not pull.poll(0)


def test_close_of_a_blocked_socket(scaled, patience, context, threads, switching):
    """close() either comes first, or is refused with both names; the socket is never closed under a call."""
    seen = collections.Counter()
    rounds = 0
    end = time.monotonic() + patience
    while rounds < scaled(60, 2_000) or (not seen["refused"] and time.monotonic() < end):
        rounds += 1
        socket = context.socket(zmq.PULL)
        socket.rcvtimeo = 2

        def receive(socket=socket):
            while True:
                try:
                    socket.recv()
                except zmq.Again:
                    time.sleep(0)
                except zmq.ZMQError as error:
                    assert error.errno == zmq.ENOTSOCK
                    return

        def close(socket=socket):
            while not socket.closed:
                try:
                    socket.close(linger=0)
                    seen["closed"] += 1
                except zmq.ConcurrentUseError as error:
                    assert "close" in str(error)
                    assert "recv" in str(error)
                    seen["refused"] += 1

        threads.start(receive)
        threads.start(close)
        threads.start(close)
        threads.finish()
        assert socket.closed
    assert seen["refused"]


WAITS = {
    "recv": lambda socket: socket.recv(),
    "recv_multipart": lambda socket: socket.recv_multipart(),
    "send": lambda socket: socket.send(b"x"),
    "send_multipart": lambda socket: socket.send_multipart([b"x", b"y"]),
    "poll": lambda socket: socket.poll(),
}


@pytest.mark.parametrize("end", ["term", "destroy"])
def test_ending_contexts_with_blocked_threads(scaled, patience, threads, switching, nothing_left, end):
    """Whenever it comes: before the calls, between them, while they are blocked."""
    seen = []  # appending is atomic, counting is not
    for round_ in range(scaled(30, 600)):
        context = zmq.Context()
        sockets = []

        def wait(name, context=context, sockets=sockets):
            try:
                with context.socket(zmq.PUSH if "send" in name else zmq.PULL) as socket:
                    socket.linger = 0
                    sockets.append(socket)
                    WAITS[name](socket)
            except zmq.ContextTerminated:
                seen.append("terminated")
            except zmq.ZMQError as error:
                # destroy() closes the sockets that nobody is blocked in.
                assert end == "destroy" and error.errno == zmq.ENOTSOCK, error
                seen.append("closed")

        for name in WAITS:
            threads.start(wait, name)
        for _ in range(round_ % 2 * (1 + round_ % len(WAITS))):  # let some of them be blocked
            while not sockets:
                threads.check()
                time.sleep(0)
            wait_until_blocked(sockets.pop(), patience)
        context.term() if end == "term" else context.destroy(linger=0)
        threads.finish()
        assert context.closed
    assert len(seen) == len(WAITS) * scaled(30, 600)
    assert "terminated" in seen
