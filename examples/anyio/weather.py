"""Stations report temperatures, one task each; another task prints them. The same on asyncio, uvloop and trio.

Usage: weather.py [asyncio | uvloop | trio] [endpoint]
"""

import sys

import anyio

import zmqbind as zmq
import zmqbind.anyio

loop = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
endpoint = sys.argv[2] if len(sys.argv) > 2 else "inproc://weather"
STATIONS = {"oslo": [4, 5], "lima": [19, 18], "pune": [31, 33]}


async def report(context, address, station, readings):
    async with context.socket(zmq.PUSH) as socket:
        socket.connect(address)
        for degrees in readings:
            await socket.send_json([station, degrees])


async def collect(socket):
    for _ in range(sum(map(len, STATIONS.values()))):
        station, degrees = await socket.recv_json()
        print(f"{station}: {degrees} degrees")
    # Nothing more comes: a wait that is cancelled by its time takes no message with it.
    with anyio.move_on_after(0.05):
        await socket.recv()
    print("All stations have reported")


async def main():
    async with zmqbind.anyio.Context() as context, context.socket(zmq.PULL) as socket:
        socket.bind(endpoint)
        address = socket.get_string(zmq.LAST_ENDPOINT)
        async with anyio.create_task_group() as group:
            for station, readings in STATIONS.items():
                group.start_soon(report, context, address, station, readings)
            await collect(socket)


try:
    if loop == "uvloop":
        anyio.run(main, backend_options={"use_uvloop": True})
    else:
        anyio.run(main, backend=loop)
except KeyboardInterrupt:
    print("Stopped early")
