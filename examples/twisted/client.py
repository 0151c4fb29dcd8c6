"""Ask three questions and print the answers.

Usage: client.py [endpoint]
"""

import sys

from twisted.internet import defer
from twisted.internet.task import react

import zmqbind as zmq
from zmqbind.twisted import Context

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"


async def main(reactor):
    async with Context() as context, context.socket(zmq.REQ) as socket:
        socket.linger = 0
        socket.connect(endpoint)
        for question in ("who", "what", "where"):
            await socket.send_string(question)
            try:
                print("The server answered:", await socket.recv_string().addTimeout(10, reactor))
            except defer.TimeoutError:
                print("Nobody answered")
                break


react(main)
