"""Pass requests of any number of clients to any number of workers, and the replies back, until Ctrl-C.

Usage: broker.py [endpoint for clients] [endpoint for workers]
"""

import sys

import zmqbind as zmq

frontend_endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5004"
backend_endpoint = sys.argv[2] if len(sys.argv) > 2 else "tcp://127.0.0.1:5005"

with (
    zmq.Context() as context,
    context.socket(zmq.ROUTER) as frontend,
    context.socket(zmq.DEALER) as backend,
):
    try:
        # A reply to a client that has gone is not worth waiting for.
        frontend.linger = backend.linger = 0
        frontend.bind(frontend_endpoint)
        backend.bind(backend_endpoint)
        print("Clients on", frontend.get_string(zmq.LAST_ENDPOINT))
        print("Workers on", backend.get_string(zmq.LAST_ENDPOINT))
        # The ROUTER puts the client's routing id before each request, and uses it to send the reply back to
        # that client. The DEALER deals the requests to the workers in turn. The proxy joins the two.
        zmq.proxy(frontend, backend)
    except KeyboardInterrupt:
        print("The broker stops")
