"""Single operations in one thread over an inproc pair: the same statements for every binding."""

from __future__ import annotations

import tempfile
import timeit
from time import perf_counter as clock

from meter import processor_time

# name: (setup, statement). The setup sees `zmq`, the `session`, its connected PAIR sockets `a` and `b`, `message`,
# `idle`, a list of sockets in which nothing happens, and an ipc `endpoint`; what it assigns is local to the timed loop,
# so a statement costs the call and nothing else.
OPERATIONS = {
    "send-recv": (
        "send, recv, data = a.send, b.recv, message",
        "send(data); recv()",
    ),
    "nocopy": (
        "send, recv, data = a.send, b.recv, message",
        "send(data, copy=False); recv(copy=False)",
    ),
    "multipart": (
        "send, recv, parts = a.send_multipart, b.recv_multipart, [message] * 3",
        "send(parts); recv()",
    ),
    "string": (
        "send, recv, text = a.send_string, b.recv_string, message.decode()",
        "send(text); recv()",
    ),
    "pyobj": (
        "import numpy; c, d = session.open('PAIR'), session.open('PAIR')\n"
        "c.bind(endpoint); d.connect(endpoint); send, recv = c.send_pyobj, d.recv_pyobj\n"
        "data = numpy.ones(len(message), 'u1'); how = {'out_of_band': True} if hasattr(zmq, 'EXIT_LINGER') else {}",
        "send(data, **how); recv()",
    ),
    "getsockopt": (
        "getsockopt, linger = a.getsockopt, zmq.LINGER",
        "getsockopt(linger)",
    ),
    "get": (
        "get, linger = a.get, zmq.LINGER",
        "get(linger)",
    ),
    "attribute": (
        "socket = a",
        "socket.linger",
    ),
    "poll-ready": (
        "poller = zmq.Poller(); poller.register(b, zmq.POLLIN); a.send(message); poll = poller.poll",
        "poll()",
    ),
    "poll-idle": (
        "poller = zmq.Poller()\nfor s in idle: poller.register(s, zmq.POLLIN)\npoll = poller.poll",
        "poll(0)",
    ),
    "poll-recv": (
        "poller = zmq.Poller()\nfor s in [*idle, b]: poller.register(s, zmq.POLLIN)\n"
        "send, poll, recv, data = a.send, poller.poll, b.recv, message",
        "send(data); poll(); recv()",
    ),
    "socket-poll": (
        "poll = b.poll",
        "poll(0)",
    ),
}


def measure(session, job):
    """Time one operation; job.number: how many idle sockets there are."""
    setup, statement = OPERATIONS[job.subject]
    a, b = session.open("PAIR"), session.open("PAIR")
    session.bind(b, "inproc://operation")
    session.connect_for_good(a, "inproc://operation")
    processor = []

    def timer():
        processor.append(processor_time())
        return clock()

    with tempfile.TemporaryDirectory() as directory:
        names = {
            "zmq": getattr(session, "zmq", None),
            "session": session,
            "a": a,
            "b": b,
            "message": b"x" * job.size,
            "idle": [session.open("PULL") for _ in range(job.number)] if "idle" in setup else [],
            "endpoint": f"ipc://{directory}/operation",
        }
        seconds = timeit.Timer(statement, setup, timer, globals=names).timeit(job.count)
    passed = (after - before for before, after in zip(*processor, strict=True))
    yield {"count": job.count, "seconds": seconds, **dict(zip(("user", "system"), passed, strict=False))}
