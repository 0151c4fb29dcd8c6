"""Order four dishes at once, and print what comes of them in the order in which it comes.

Usage: client.py [endpoint] [asyncio or uvloop]
"""

import asyncio
import sys

import zmqbind as zmq
import zmqbind.asyncio

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5007"
loop_name = sys.argv[2] if len(sys.argv) > 2 else "asyncio"
ORDERS = ["soup 20", "roast 0.2", "salad 20", "pizza 20"]  # dish, and the seconds that we will wait for it


async def main():
    # Unlike a REQ socket, a DEALER need not wait for an answer before it asks again.
    async with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(endpoint)
        for order in ORDERS:
            await socket.send_string(order)
        missing = len(ORDERS)
        try:
            async with asyncio.timeout(25):
                async for reply in socket:
                    print(reply.decode())
                    missing -= 1
                    if not missing:
                        break
        except TimeoutError:
            print(f"{missing} of the dishes never came")


if loop_name == "uvloop":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

try:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
except KeyboardInterrupt:
    print("We eat elsewhere")
