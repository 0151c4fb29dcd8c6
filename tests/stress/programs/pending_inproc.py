"""End a context in which COUNT sockets were connected to an inproc name that nobody binds, and closed."""

import sys

import zmqbind as zmq

context = zmq.Context()
for _ in range(int(sys.argv[1])):
    socket = context.socket(zmq.PAIR)
    socket.connect("inproc://nobody")
    socket.close()
context.term()
print("terminated")
