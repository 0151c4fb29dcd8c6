"""Ask three questions and print the answers. (Tornado's event loop is that of asyncio.)

Usage: client.py [endpoint]
"""

import asyncio
import sys

import zmqbind as zmq
from zmqbind.eventloop.future import Context

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"


async def main():
    async with Context() as context, context.socket(zmq.REQ) as socket:
        socket.linger = 0
        socket.connect(endpoint)
        for question in ("who", "what", "where"):
            await socket.send_string(question)
            print("The server answered:", await socket.recv_string())


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("Nobody answered")
