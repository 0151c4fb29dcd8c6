"""Single operations in one thread over an inproc pair: the same statements for every binding."""

from __future__ import annotations

import tempfile
import timeit

IDLE_SOCKETS = 100  # sockets in the poll set in which nothing happens

# name: (setup, statement). The setup sees `zmq`, the connected PAIR sockets `a` and `b`, `message`, `idle_sockets`, an
# ipc `endpoint`, and a list of `others` to close; what it assigns is local to the timed loop, so a statement costs the
# call and nothing else.
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
        "import numpy; c = zmq.Socket(a.context, zmq.PAIR); d = zmq.Socket(a.context, zmq.PAIR)\n"
        "others.extend([c, d]); c.bind(endpoint); d.connect(endpoint); send, recv = c.send_pyobj, d.recv_pyobj\n"
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
        "poller = zmq.Poller()\nfor s in idle_sockets(): poller.register(s, zmq.POLLIN)\npoll = poller.poll",
        "poll(0)",
    ),
    "socket-poll": (
        "poll = b.poll",
        "poll(0)",
    ),
}


def measure(zmq, name, size, count):
    """Time `count` repetitions of one operation with messages of `size` bytes."""
    setup, statement = OPERATIONS[name]
    context = zmq.Context()
    a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    b.bind("inproc://operation")
    a.connect("inproc://operation")

    others = []

    def idle_sockets():
        others.extend(context.socket(zmq.PULL) for _ in range(IDLE_SOCKETS))
        return others

    with tempfile.TemporaryDirectory() as directory:
        names = {
            "zmq": zmq,
            "a": a,
            "b": b,
            "message": b"x" * size,
            "idle_sockets": idle_sockets,
            "others": others,
            "endpoint": f"ipc://{directory}/operation",
        }
        seconds = timeit.Timer(statement, setup, globals=names).timeit(count)
        for socket in (a, b, *others):
            socket.close(linger=0)
        context.term()
    return {"count": count, "seconds": seconds}
