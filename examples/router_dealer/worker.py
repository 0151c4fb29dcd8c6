"""Serve requests that the broker passes on, until Ctrl-C.

Usage: worker.py [endpoint of the broker]
"""

import os
import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5005"
name = f"worker {os.getpid()}"

with zmq.Context() as context, context.socket(zmq.REP) as socket:
    try:
        # A server connects here, as a client would: only the broker has an address that others need to know.
        socket.connect(endpoint)
        socket.linger = 0
        print(name, "is ready")
        while True:
            word = socket.recv_string()
            print(name, "reverses", word)
            socket.send_json({"worker": name, "reversed": word[::-1]})
    except KeyboardInterrupt:
        print(name, "goes home")
