"""Ask the server one question, encrypted, and print the answer.

Usage: client.py [endpoint [directory [name]]]

Of the directory it takes server.key, the server's public certificate, and its own secret one, clients/NAME.key_secret.
The name is alice unless said.
"""

import sys
from pathlib import Path

import zmqbind as zmq
from zmqbind.auth import load_certificate

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"
directory = Path(sys.argv[2] if len(sys.argv) > 2 else ".")
name = sys.argv[3] if len(sys.argv) > 3 else "alice"

with zmq.Context() as context, context.socket(zmq.REQ) as socket:
    try:
        socket.linger = 0
        socket.curve_publickey, socket.curve_secretkey = load_certificate(directory / "clients" / f"{name}.key_secret")
        socket.curve_serverkey, _ = load_certificate(directory / "server.key")
        # Being refused is no error: the socket would wait for ever. Its monitor tells.
        refusals = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        socket.connect(endpoint)
        socket.send_string("Is anybody listening?")
        poller = zmq.Poller()
        poller.register(socket, zmq.POLLIN)
        poller.register(refusals, zmq.POLLIN)
        if socket in dict(poller.poll()):
            print("The server answered:", socket.recv_string())
        else:
            print("The server does not let us in")
        socket.disable_monitor()
    except KeyboardInterrupt:
        print("Nobody answered")
