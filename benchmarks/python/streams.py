"""Throughput (PUSH/PULL) and latency (REQ/REP): the same lines of code for every binding.

Each function is a generator of answers. Those of two processes close their sockets only when both are done: when its
peer hangs up, libzmq may drop messages that have arrived, over ipc those beyond the high-water mark, with IMMEDIATE all
that have not been received.
"""

from __future__ import annotations

from itertools import pairwise, repeat
from time import perf_counter as clock

from meter import Meter

BURST = 100  # messages sent, then received, in one thread; below the high-water mark


def expect(message, size):
    """Guard against measuring something else than what was asked for."""
    if len(message) != size:
        raise AssertionError(f"received {len(message)} bytes, expected {size}")


def pull(session, job):
    """Receive; the clock runs from the first message, when the connection stands, to the last."""
    socket = session.open("PULL")
    yield {"endpoint": session.bind(socket, job.subject)}
    recv = socket.recv
    message = recv()
    meter = Meter()
    for _ in range(job.count):
        message = recv()
    sample = meter.read(job.count)
    expect(message, job.size)
    yield sample


def push(session, job):
    """Send."""
    socket = session.open("PUSH")
    session.connect_for_good(socket, job.subject)
    message = b"x" * job.size
    send = socket.send
    send(message)
    meter = Meter()
    for _ in range(job.count):
        send(message)
    yield meter.read(job.count)


def pull_batch(session, job):
    """pull, in batches."""
    socket = session.open("PULL")
    yield {"endpoint": session.bind(socket, job.subject)}
    recv_batch = socket.recv_batch
    messages = [socket.recv()]
    left = job.count
    meter = Meter()
    while left > 0:
        messages = recv_batch()
        left -= len(messages)
    sample = meter.read(job.count)
    expect(messages[-1], job.size)
    yield sample


def push_batch(session, job):
    """push, in batches."""
    socket = session.open("PUSH")
    session.connect_for_good(socket, job.subject)
    message = b"x" * job.size
    socket.send(message)
    meter = Meter()
    socket.send_batch(repeat(message, job.count))
    yield meter.read(job.count)


def rep(session, job):
    """Echo one message more than is timed: the first."""
    socket = session.open("REP")
    yield {"endpoint": session.bind(socket, job.subject)}
    recv, send = socket.recv, socket.send
    meter = Meter()
    for _ in range(job.count + 1):
        send(recv())
    yield meter.read(job.count)


def percentile(ordered, per_cent):
    """The smallest sample that at least this many per cent of all samples do not exceed (nearest rank)."""
    return ordered[(len(ordered) * per_cent + 99) // 100 - 1]


def latency(meter, times):
    """The sample of round trips that ended at these times, the first of them not counted."""
    sample = meter.read(len(times) - 1)
    trips = sorted(later - earlier for earlier, later in pairwise(times))
    return sample | {"p50_us": percentile(trips, 50) * 1e6, "p99_us": percentile(trips, 99) * 1e6}


def req(session, job):
    """Send and wait for the echo, with the time of every round trip."""
    socket = session.open("REQ")
    session.connect_for_good(socket, job.subject)
    message = b"x" * job.size
    times = [0.0] * (job.count + 1)
    send, recv = socket.send, socket.recv
    send(message)
    recv()
    meter = Meter()
    times[0] = clock()
    for i in range(1, job.count + 1):
        send(message)
        reply = recv()
        times[i] = clock()
    sample = latency(meter, times)
    expect(reply, job.size)
    yield sample


def inproc_throughput(session, job):
    """Bursts of sends, then of receives, in one thread."""
    receiver, sender = session.open("PULL"), session.open("PUSH")
    session.bind(receiver, "inproc://stream")
    session.connect_for_good(sender, "inproc://stream")
    message = b"x" * job.size
    send, recv = sender.send, receiver.recv
    bursts = -(-job.count // BURST)
    meter = Meter()
    for _ in range(bursts):
        for _ in range(BURST):
            send(message)
        for _ in range(BURST):
            reply = recv()
    sample = meter.read(bursts * BURST)
    expect(reply, job.size)
    yield sample


def inproc_latency(session, job):
    """Request and reply in one thread."""
    server, client = session.open("REP"), session.open("REQ")
    session.bind(server, "inproc://stream")
    session.connect_for_good(client, "inproc://stream")
    message = b"x" * job.size
    times = [0.0] * (job.count + 1)
    send, recv, server_send, server_recv = client.send, client.recv, server.send, server.recv
    meter = Meter()
    times[0] = clock()
    for i in range(1, job.count + 1):
        send(message)
        server_send(server_recv())
        reply = recv()
        times[i] = clock()
    sample = latency(meter, times)
    expect(reply, job.size)
    yield sample
