"""Look up names for many clients at once: each question gets a greenlet, and all use one socket. Until Ctrl-C.

Usage: server.py [endpoint]
"""

import sys

import gevent

import zmqbind.green as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5006"
BIRDS = {"Pica pica": "magpie", "Turdus merula": "blackbird", "Bubo bubo": "eagle owl"}


def look_up(socket, client, name):
    # This stands for a slow query to a database; the other greenlets go on meanwhile.
    gevent.sleep(0.1)
    socket.send_multipart([client, b"", BIRDS.get(name, "no bird").encode()])


with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
    socket.linger = 0
    try:
        socket.bind(endpoint)
        print("Answering on", socket.get_string(zmq.LAST_ENDPOINT))
        while True:
            client, _, name = socket.recv_multipart()
            gevent.spawn(look_up, socket, client, name.decode())
    except KeyboardInterrupt:
        print("The server stops")
