"""A blocking peer in a process of its own: python peer.py LIBRARY ROLE ENDPOINT COUNT, LIBRARY being zmqbind or zmq.

It connects to the endpoint, does its part COUNT times, says on stdout what it got, and ends.
"""

import importlib
import sys

library, role, endpoint, count = sys.argv[1:]
zmq = importlib.import_module(library)
PATIENCE = 20_000  # milliseconds


def connected(kind, **options):
    socket = context.socket(getattr(zmq, kind))
    for name, value in {"rcvtimeo": PATIENCE, "sndtimeo": PATIENCE, "linger": PATIENCE, **options}.items():
        setattr(socket, name, value)
    socket.connect(endpoint)
    return socket


def echo():
    with connected("REP") as socket:
        for _ in range(int(count)):
            socket.send_multipart(socket.recv_multipart())


def ask():
    with connected("REQ") as socket:
        for number in range(int(count)):
            socket.send_multipart([b"%d" % number, b"", b"x" * number])
            assert socket.recv_multipart() == [b"%d" % number, b"", b"x" * number]


def source():
    with connected("PUSH") as socket:
        for number in range(int(count)):
            socket.send_multipart([b"%d" % number, b"x" * (number % 50)])


def drain():
    with connected("PULL") as socket:
        for number in range(int(count)):
            assert socket.recv_multipart() == [b"%d" % number, b"x" * (number % 50)]


def subscribe():
    with connected("SUB", subscribe=b"a") as socket:
        for number in range(int(count)):
            assert socket.recv_multipart() == [b"a", b"%d" % number]


context = zmq.Context()
globals()[role]()
context.term()
print("done")
