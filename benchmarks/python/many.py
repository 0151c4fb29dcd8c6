"""One socket and many peers in another process: subscribers, connections, and io threads; as c/many.c has them."""

from __future__ import annotations

from itertools import cycle, islice

from meter import Meter
from streams import expect

WINDOW = 100  # requests on their way at any time
CONNECTIONS = 4  # of a stream for io threads to share


def xpub(session, job):
    """Publish to so many subscribers, when all have subscribed; waits instead of dropping a message."""
    zmq = session.zmq
    socket = session.open("XPUB")
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    socket.setsockopt(zmq.XPUB_NODROP, 1)
    socket.setsockopt(zmq.BACKLOG, job.number + 1)
    yield {"endpoint": session.bind(socket, job.subject)}
    for _ in range(job.number):
        socket.recv()
    message = b"x" * job.size
    messages = -(-job.count // job.number)
    send = socket.send
    meter = Meter()
    for _ in range(messages + 1):
        send(message)
    yield meter.read(messages * job.number)


def sub(session, job):
    """Receive with so many subscribers; the clock runs from when every one of them has the first message."""
    sockets = [session.open("SUB") for _ in range(job.number)]
    for socket in sockets:
        socket.setsockopt(session.zmq.SUBSCRIBE, b"")
        socket.connect(job.subject)
    receivers = [socket.recv for socket in sockets]
    for recv in receivers:
        recv()
    messages = -(-job.count // job.number)
    meter = Meter()
    for _ in range(messages):
        for recv in receivers:
            message = recv()
    sample = meter.read(messages * job.number)
    expect(message, job.size)
    yield sample


def router(session, job):
    """Send every request back to where it came from."""
    socket = session.open("ROUTER")
    socket.setsockopt(session.zmq.BACKLOG, job.number + 1)
    yield {"endpoint": session.bind(socket, job.subject)}
    recv, send = socket.recv_multipart, socket.send_multipart
    for _ in range(job.number):
        send(recv())
    requests = -(-job.count // WINDOW) * WINDOW
    meter = Meter()
    for _ in range(requests):
        send(recv())
    yield meter.read(requests)


def dealers(session, job):
    """Ask over so many connections in turn, WINDOW requests at a time."""
    sockets = [session.open("DEALER") for _ in range(job.number)]
    message = b"x" * job.size
    for socket in sockets:
        socket.connect(job.subject)
        socket.send(message)
    for socket in sockets:
        socket.recv()
    senders, receivers = cycle([s.send for s in sockets]), cycle([s.recv for s in sockets])
    windows = -(-job.count // WINDOW)
    meter = Meter()
    for _ in range(windows):
        for send in islice(senders, WINDOW):
            send(message)
        for recv in islice(receivers, WINDOW):
            reply = recv()
    sample = meter.read(windows * WINDOW)
    expect(reply, job.size)
    yield sample


def pull_threads(session, job):
    """pull over CONNECTIONS connections, with so many io threads."""
    socket = session.open("PULL")
    yield {"endpoint": session.bind(socket, job.subject)}
    recv = socket.recv
    for _ in range(CONNECTIONS):
        recv()
    meter = Meter()
    for _ in range(job.count):
        message = recv()
    sample = meter.read(job.count)
    expect(message, job.size)
    yield sample


def push_threads(session, job):
    """push over CONNECTIONS connections, with so many io threads."""
    sockets = [session.open("PUSH") for _ in range(CONNECTIONS)]
    message = b"x" * job.size
    for socket in sockets:
        session.connect_for_good(socket, job.subject)
    senders = [socket.send for socket in sockets]
    for send in senders:
        send(message)
    meter = Meter()
    for send in islice(cycle(senders), job.count):
        send(message)
    yield meter.read(job.count)
