"""Publish the temperature of a few cities, ten times a second, until Ctrl-C.

Usage: publisher.py [endpoint]
"""

import itertools
import sys
import time

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5001"
temperatures = {"lima": 19, "oslo": -4, "pune": 31}

with zmq.Context() as context, context.socket(zmq.PUB) as socket:
    try:
        socket.bind(endpoint)
        print("Publishing on", socket.get_string(zmq.LAST_ENDPOINT))
        for count in itertools.count():
            for city, base in temperatures.items():
                # The first frame is the topic: a subscription is compared with how a message begins.
                socket.send_multipart([city.encode(), str(base + count % 5).encode()])
            # A PUB socket never waits for anybody: what is published before a subscriber has arrived
            # is not kept for it.
            time.sleep(0.1)
    except KeyboardInterrupt:
        print("No more readings")
