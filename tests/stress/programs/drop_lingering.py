"""Drop COUNT contexts that linger with messages for nobody; print the seconds that took, and those of a term()."""

import sys
import time
import warnings

import zmqbind as zmq

count, linger = map(int, sys.argv[1:])
warnings.simplefilter("ignore", ResourceWarning)
started = time.monotonic()
for _ in range(count):
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.linger = linger
    socket.connect("tcp://127.0.0.1:9")
    socket.send(b"stays here")
    del context, socket
dropped = time.monotonic()
zmq.Context().term()
print(dropped - started, time.monotonic() - dropped)
