"""Answer the clients whose certificates are in a directory, encrypted, and nobody else; until Ctrl-C.

Usage: server.py [endpoint [directory]]

Before the first start, make the certificates; the directory is the current one unless said:
    zmqbind keygen server
    mkdir clients
    zmqbind keygen alice --output clients
"""

import sys
from pathlib import Path

import zmqbind as zmq
from zmqbind.auth import load_certificate
from zmqbind.auth.thread import ThreadAuthenticator

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"
directory = Path(sys.argv[2] if len(sys.argv) > 2 else ".")

with zmq.Context() as context, ThreadAuthenticator(context) as auth, context.socket(zmq.REP) as socket:
    try:
        auth.configure_curve(location=directory / "clients")
        socket.curve_publickey, socket.curve_secretkey = load_certificate(directory / "server.key_secret")
        socket.curve_server = True
        # If the authenticator should ever be gone, let nobody in rather than everybody.
        socket.zap_domain = b"example"
        socket.zap_enforce_domain = True
        socket.bind(endpoint)
        print("Listening on", socket.get_string(zmq.LAST_ENDPOINT))
        while True:
            question = socket.recv(copy=False)
            # The user id is the client's public key, which nobody else can have used.
            print(question["User-Id"], "said:", bytes(question).decode())
            socket.send_string("Only you can read this.")
    except KeyboardInterrupt:
        print("The server stops")
