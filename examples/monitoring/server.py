"""Answer requests, and tell who comes and goes, until Ctrl-C. The client is that of ../request_reply.

Usage: server.py [endpoint]
"""

import asyncio
import sys

import zmqbind as zmq
import zmqbind.asyncio
from zmqbind.utils.monitor import async_monitor_events

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5000"


async def watch(monitor: zmqbind.asyncio.Socket) -> None:
    async for event in async_monitor_events(monitor):
        reason = f" ({event.reason})" if event.reason else ""
        print(f"{event.name} {event.endpoint}{reason}")


async def main() -> None:
    async with zmqbind.asyncio.Context() as context, context.socket(zmq.REP) as socket:
        # The monitor comes first, so that it sees the socket bind.
        watching = asyncio.create_task(watch(socket.get_monitor_socket()))
        socket.bind(endpoint)
        print("Listening on", socket.last_endpoint.decode())
        try:
            while True:
                await socket.recv()
                await socket.send_string("Lentil soup")
        finally:
            # Closing the socket ends its events, and with them the task.
            socket.close()
            await watching


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("The server stops")
