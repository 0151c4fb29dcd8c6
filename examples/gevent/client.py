"""Ask three questions at once, and show that the program goes on while the answers are awaited.

Usage: client.py [endpoint of the server]
"""

import sys

import gevent

import zmqbind.green as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5006"


def ask(context, name):
    with context.socket(zmq.REQ) as socket:
        socket.linger = 0  # whoever gives up takes his question with him
        socket.connect(endpoint)
        socket.send_string(name)
        try:
            with gevent.Timeout(10):
                print(name, "is the", socket.recv_string())
        except gevent.Timeout:
            print("No answer about", name)


def tick():
    for _ in range(3):
        print("tick")
        gevent.sleep(0.02)


with zmq.Context() as context:
    try:
        questions = [gevent.spawn(ask, context, name) for name in ("Pica pica", "Bubo bubo", "Turdus merula")]
        gevent.joinall([*questions, gevent.spawn(tick)], raise_error=True)
    except KeyboardInterrupt:
        print("Nobody waits any more")
