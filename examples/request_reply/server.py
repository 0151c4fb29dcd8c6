"""Answer every question, one after another, until Ctrl-C.

Usage: server.py [endpoint]
"""

import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"

with zmq.Context() as context, context.socket(zmq.REP) as socket:
    try:
        socket.bind(endpoint)
        # LAST_ENDPOINT is the address in full: of "tcp://127.0.0.1:*" it tells the port that was chosen.
        print("Listening on", socket.get_string(zmq.LAST_ENDPOINT))
        while True:
            question = socket.recv_string()
            print("The client said:", question)
            # A REP socket has to answer before it can receive again.
            socket.send_string("Lentil soup, and there is enough for two.")
    except KeyboardInterrupt:
        print("Closing the kitchen")
