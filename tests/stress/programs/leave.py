"""Send COUNT messages of SIZE bytes to ENDPOINT and leave the interpreter, in the way that the arguments say.

Arguments: ENDPOINT LINGER EXIT_LINGER THREAD PLACE ENDING COUNT SIZE; see tests/stress/test_exit.py.
"""

import os
import sys
import threading
import time

import zmqbind as zmq

endpoint, linger, limit, thread, place, ending, count, size = sys.argv[1:]
if limit != "default":
    zmq.EXIT_LINGER = int(limit)


def block(context):
    """Start a daemon thread that is blocked in another socket of the same context. Returns when it is."""
    if thread == "none":
        return
    socket, other = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    call = {
        "recv": socket.recv,
        "send": lambda: other.send(b"x"),
        "poll": poller.poll,
        "proxy": lambda: zmq.proxy(socket, other),
    }[thread]
    threading.Thread(target=call, daemon=True).start()
    blocked = other if thread == "send" else socket
    while True:
        try:
            blocked.get(zmq.LINGER)
        except zmq.ConcurrentUseError:
            return
        time.sleep(0)


class Node:
    pass


def prepare():
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    if linger != "default":
        push.linger = int(linger)
    push.connect(endpoint)
    push.sndtimeo = 500
    block(context)
    try:
        for number in range(int(count)):
            push.send(b"%08d" % number + bytes(int(size)))
    except zmq.Again:  # the peer is stopped or absent, and the queue is full
        pass
    node = Node()
    node.node, node.context, node.push = node, context, push
    return node


node = prepare()
if place == "cycle":
    del node
print("leaving", flush=True)
if ending == "sys.exit":
    sys.exit(3)
if ending == "exception":
    raise Exception("on purpose")
if ending == "os._exit":
    os._exit(4)
