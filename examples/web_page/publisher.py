"""Publish what the sensors of a house measure, four times a second, until Ctrl-C.

Usage: publisher.py [endpoint]
"""

import itertools
import math
import sys
import time

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5008"
ROOMS = {"attic": 27.5, "bathroom": 23.0, "cellar": 12.5, "kitchen": 21.0, "study": 20.0}

with zmq.Context() as context, context.socket(zmq.PUB) as socket:
    try:
        socket.bind(endpoint)
        print("Publishing on", socket.get_string(zmq.LAST_ENDPOINT))
        for count in itertools.count():
            for phase, (room, mean) in enumerate(ROOMS.items()):
                wave = math.sin(count / 12 + phase)
                reading = {
                    "sensor": room,
                    "celsius": round(mean + 1.5 * wave + 0.15 * math.sin(count * 1.7 + phase), 1),
                    "humidity": round(50 - 10 * wave),
                    "time": time.time(),
                }
                socket.send_json(reading)
            time.sleep(0.25)
    except KeyboardInterrupt:
        print("No more readings")
