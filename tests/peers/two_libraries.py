"""A program with two bindings in one process, each with a libzmq of its own; their order is on the command line.

Both bind the same inproc name, which works only while nothing of one library reaches into the other, and talk to each
other over TCP under CURVE, so both copies of libsodium are in use as well.
"""

import importlib
import sys

first, second = (importlib.import_module(name) for name in sys.argv[1:])
PATIENCE = 20_000


def pair(zmq, context, endpoint):
    """Two connected sockets of one binding."""
    left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    for socket in (left, right):
        socket.rcvtimeo = PATIENCE
    left.bind(endpoint)
    right.connect(endpoint)
    return left, right


contexts = [first.Context(), second.Context()]
pairs = [pair(zmq, context, "inproc://same") for zmq, context in zip((first, second), contexts, strict=True)]
for number in range(1000):
    for name, (left, _) in enumerate(pairs):
        left.send_multipart([b"%d" % name, b"%d" % number, bytes(number)])
for number in range(1000):
    for name, (_, right) in enumerate(pairs):
        assert right.recv_multipart() == [b"%d" % name, b"%d" % number, bytes(number)]

public, secret = first.curve_keypair()
client_public, client_secret = second.curve_keypair()
server, client = contexts[0].socket(first.REP), contexts[1].socket(second.REQ)
server.rcvtimeo = client.rcvtimeo = PATIENCE
server.curve_server, server.curve_secretkey = True, secret
server.bind("tcp://127.0.0.1:*")
client.curve_serverkey, client.curve_publickey, client.curve_secretkey = public, client_public, client_secret
client.connect(server.last_endpoint.decode().rstrip("\0"))
for number in range(100):
    client.send(b"x" * number * 100)
    server.send(server.recv())
    assert client.recv() == b"x" * number * 100

for context in contexts:
    context.destroy(linger=0)
print("both work")
