"""Ask the server one question and print the answer.

Usage: client.py [endpoint]
"""

import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"

with zmq.Context() as context, context.socket(zmq.REQ) as socket:
    try:
        # If we are interrupted before there is a server, forget the question instead of waiting to deliver it.
        socket.linger = 0
        # connect() does not wait for the server: the question is sent as soon as there is one.
        socket.connect(endpoint)
        socket.send_string("What's for lunch?")
        print("The server answered:", socket.recv_string())
    except KeyboardInterrupt:
        print("Nobody answered")
