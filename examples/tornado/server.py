"""Answer questions in capital letters, and tell each second how many there were, until Ctrl-C.

Usage: server.py [endpoint]
"""

import asyncio
import sys

import zmqbind as zmq
from zmqbind.eventloop.zmqstream import ZMQStream

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"


async def main():
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.bind(endpoint)
        print("Listening on", socket.get_string(zmq.LAST_ENDPOINT))
        answered = 0

        def answer(message):
            nonlocal answered
            *envelope, question = message
            # It is sent by the loop, as soon as the socket has room for it.
            stream.send_multipart([*envelope, question.upper()])
            answered += 1

        stream = ZMQStream(socket)
        stream.on_recv(answer)
        try:
            while True:
                await asyncio.sleep(1)
                print("Answered", answered)
        finally:
            stream.close()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("The server stops")
