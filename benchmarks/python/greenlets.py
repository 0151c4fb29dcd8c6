"""Operations in gevent's greenlets: the same statements for both bindings."""

from __future__ import annotations

import importlib

from meter import Meter


def send_recv(a, b, message, count):
    """A message is there when it is asked for."""
    send, recv = a.send, b.recv
    for _ in range(count):
        send(message)
        recv()


def stream(a, b, message, count):
    """A greenlet that sends, and one that receives."""
    import gevent

    def sender():
        send = a.send
        for _ in range(count):
            send(message)

    greenlet = gevent.spawn(sender)
    recv = b.recv
    for _ in range(count):
        recv()
    greenlet.get()


# name: (function, types of the two sockets, endpoint)
OPERATIONS = {
    "send-recv": (send_recv, "PAIR", "PAIR", "inproc://loop"),
    "stream": (stream, "PUSH", "PULL", "tcp://127.0.0.1:*"),
}


def measure(library, name, size, count):
    """The sample of so many."""
    operation, of_a, of_b, endpoint = OPERATIONS[name]
    green = importlib.import_module(f"{library.__name__}.green")
    context = green.Context()
    a, b = (context.socket(getattr(green, kind)) for kind in (of_a, of_b))
    b.bind(endpoint)
    a.connect(b.getsockopt(green.LAST_ENDPOINT).rstrip(b"\0").decode())
    message = b"x" * size
    operation(a, b, message, 1)
    meter = Meter()
    operation(a, b, message, count)
    sample = meter.read(count)
    context.destroy(linger=0)
    return sample
