"""Throughput (PUSH/PULL) and latency (REQ/REP): the same lines of code for every binding.

Two processes close their sockets only when both are done (`wait_for_peer`): when its peer hangs up, libzmq
may drop messages that have arrived, over ipc those beyond the high-water mark, with IMMEDIATE all that have
not been received.
"""

from __future__ import annotations

from itertools import pairwise, repeat
from time import perf_counter as clock

HIGH_WATER_MARK = 1000  # messages; the same in every worker
BURST = 100  # messages sent, then received, in one thread; below the high-water mark


def open_socket(zmq, context, kind):
    """A socket with the high-water marks that all workers use."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
    socket.setsockopt(zmq.RCVHWM, HIGH_WATER_MARK)
    return socket


def bind_and_tell(zmq, socket, endpoint, answer):
    """Bind and answer with the endpoint that this gave."""
    socket.bind(endpoint)
    answer(endpoint=socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode())


def connect_for_good(zmq, socket, endpoint):
    """Connect in a way that nothing is queued before the connection stands."""
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.connect(endpoint)


def close_all(context, *sockets):
    """Close the sockets and their context."""
    for socket in sockets:
        socket.close()
    context.term()


def expect(message, size):
    """Guard against measuring something else than what was asked for."""
    if len(message) != size:
        raise AssertionError(f"received {len(message)} bytes, expected {size}")


def pull(zmq, endpoint, size, count, answer, wait_for_peer):
    """Receive; the clock runs from the first message, when the connection stands, to the last."""
    context = zmq.Context()
    socket = open_socket(zmq, context, zmq.PULL)
    bind_and_tell(zmq, socket, endpoint, answer)
    recv = socket.recv
    message = recv()
    start = clock()
    for _ in range(count):
        message = recv()
    seconds = clock() - start
    expect(message, size)
    answer(count=count, seconds=seconds)
    wait_for_peer()
    close_all(context, socket)


def push(zmq, endpoint, size, count, answer, wait_for_peer):
    """Send."""
    context = zmq.Context()
    socket = open_socket(zmq, context, zmq.PUSH)
    connect_for_good(zmq, socket, endpoint)
    message = b"x" * size
    send = socket.send
    send(message)
    start = clock()
    for _ in range(count):
        send(message)
    answer(count=count, seconds=clock() - start)
    wait_for_peer()
    close_all(context, socket)


def pull_batch(zmq, endpoint, size, count, answer, wait_for_peer):
    """pull, in batches."""
    context = zmq.Context()
    socket = open_socket(zmq, context, zmq.PULL)
    bind_and_tell(zmq, socket, endpoint, answer)
    recv_batch = socket.recv_batch
    messages = [socket.recv()]
    left = count
    start = clock()
    while left > 0:
        messages = recv_batch()
        left -= len(messages)
    seconds = clock() - start
    expect(messages[-1], size)
    answer(count=count, seconds=seconds)
    wait_for_peer()
    close_all(context, socket)


def push_batch(zmq, endpoint, size, count, answer, wait_for_peer):
    """push, in batches."""
    context = zmq.Context()
    socket = open_socket(zmq, context, zmq.PUSH)
    connect_for_good(zmq, socket, endpoint)
    message = b"x" * size
    socket.send(message)
    start = clock()
    socket.send_batch(repeat(message, count))
    answer(count=count, seconds=clock() - start)
    wait_for_peer()
    close_all(context, socket)


def rep(zmq, endpoint, size, count, answer, wait_for_peer):
    """Echo one message more than is timed: the first."""
    context = zmq.Context()
    socket = open_socket(zmq, context, zmq.REP)
    bind_and_tell(zmq, socket, endpoint, answer)
    recv, send = socket.recv, socket.send
    start = clock()
    for _ in range(count + 1):
        send(recv())
    answer(count=count, seconds=clock() - start)
    wait_for_peer()
    close_all(context, socket)


def percentile(ordered, per_cent):
    """The smallest sample that at least this many per cent of all samples do not exceed (nearest rank)."""
    return ordered[(len(ordered) * per_cent + 99) // 100 - 1]


def latency(times):
    """The answer for round trips that ended at these times, the first of them not counted."""
    trips = sorted(later - earlier for earlier, later in pairwise(times))
    return {
        "count": len(trips),
        "seconds": times[-1] - times[0],
        "p50_us": percentile(trips, 50) * 1e6,
        "p99_us": percentile(trips, 99) * 1e6,
    }


def req(zmq, endpoint, size, count, answer, wait_for_peer):
    """Send and wait for the echo, with the time of every round trip."""
    context = zmq.Context()
    socket = open_socket(zmq, context, zmq.REQ)
    connect_for_good(zmq, socket, endpoint)
    message = b"x" * size
    times = [0.0] * (count + 1)
    send, recv = socket.send, socket.recv
    for i in range(count + 1):
        send(message)
        reply = recv()
        times[i] = clock()
    expect(reply, size)
    answer(**latency(times))
    wait_for_peer()
    close_all(context, socket)


def inproc_throughput(zmq, size, count):
    """Bursts of sends, then of receives, in one thread."""
    context = zmq.Context()
    receiver, sender = open_socket(zmq, context, zmq.PULL), open_socket(zmq, context, zmq.PUSH)
    receiver.bind("inproc://stream")
    sender.connect("inproc://stream")
    message = b"x" * size
    send, recv = sender.send, receiver.recv
    bursts = -(-count // BURST)
    start = clock()
    for _ in range(bursts):
        for _ in range(BURST):
            send(message)
        for _ in range(BURST):
            reply = recv()
    seconds = clock() - start
    expect(reply, size)
    close_all(context, receiver, sender)
    return {"count": bursts * BURST, "seconds": seconds}


def inproc_latency(zmq, size, count):
    """Request and reply in one thread."""
    context = zmq.Context()
    server, client = open_socket(zmq, context, zmq.REP), open_socket(zmq, context, zmq.REQ)
    server.bind("inproc://stream")
    client.connect("inproc://stream")
    message = b"x" * size
    times = [0.0] * (count + 1)
    send, recv, server_send, server_recv = client.send, client.recv, server.send, server.recv
    for i in range(count + 1):
        send(message)
        server_send(server_recv())
        reply = recv()
        times[i] = clock()
    expect(reply, size)
    close_all(context, server, client)
    return latency(times)
