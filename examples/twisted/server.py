"""Answer questions in capital letters, until Ctrl-C.

Usage: server.py [endpoint]
"""

import sys

from twisted.internet import reactor

import zmqbind as zmq
from zmqbind.twisted import Context, ZMQProtocol, ZMQTransport

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"


class Capitals(ZMQProtocol):
    def messageReceived(self, parts):
        *envelope, question = parts
        self.transport.sendMessage([*envelope, question.upper()])

    def connectionLost(self, reason):
        # The reactor stops; ZMQTransport has closed the socket.
        print("The server stops")


with Context() as context:
    socket = context.socket(zmq.ROUTER)
    socket.bind(endpoint)
    print("Listening on", socket.get_string(zmq.LAST_ENDPOINT))
    ZMQTransport(socket, Capitals())
    reactor.run()
