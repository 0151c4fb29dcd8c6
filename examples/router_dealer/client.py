"""Send a few requests through the broker and print the replies.

Usage: client.py [endpoint of the broker]
"""

import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5004"

with zmq.Context() as context, context.socket(zmq.REQ) as socket:
    try:
        socket.linger = 0
        socket.connect(endpoint)
        for word in ("stressed", "drawer", "live"):
            socket.send_string(word)
            reply = socket.recv_json()
            print(f"{word} is {reply['reversed']} for {reply['worker']}")
    except KeyboardInterrupt:
        print("Stopped waiting")
