"""A kitchen: three cooks, each a task, share one socket and work at the same time. Runs until Ctrl-C.

Usage: server.py [endpoint] [asyncio or uvloop]
"""

import asyncio
import sys

import zmqbind as zmq
import zmqbind.asyncio

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5007"
loop_name = sys.argv[2] if len(sys.argv) > 2 else "asyncio"
SECONDS = {"soup": 0.1, "salad": 0.05, "roast": 3600}  # how long each dish takes


async def cook(name, socket):
    while True:
        # All cooks wait at the one socket. Each order goes to one of them: to the one who has waited longest.
        guest, order = await socket.recv_multipart()
        dish, patience = order.decode().rsplit(" ", 1)
        try:
            # The guest has said how long he will wait. Nobody cooks for a guest who has left.
            async with asyncio.timeout(float(patience)):
                await asyncio.sleep(SECONDS.get(dish, 0))
            reply = f"{dish} by {name}" if dish in SECONDS else f"{dish} is not on the menu"
        except TimeoutError:
            reply = f"{dish} takes too long"
        await socket.send_multipart([guest, reply.encode()])
        print(reply)


async def main():
    async with zmq.asyncio.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.linger = 0
        socket.bind(endpoint)
        print(f"Taking orders on {socket.get_string(zmq.LAST_ENDPOINT)}, by {loop_name}")
        async with asyncio.TaskGroup() as group:
            for name in ("Ada", "Ben", "Cleo"):
                group.create_task(cook(name, socket))


if loop_name == "uvloop":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

try:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
except KeyboardInterrupt:
    print("The kitchen closes")
