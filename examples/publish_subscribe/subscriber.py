"""Print the next five readings of one city.

Usage: subscriber.py [endpoint] [city]
"""

import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5001"
city = sys.argv[2] if len(sys.argv) > 2 else "oslo"

with zmq.Context() as context, context.socket(zmq.SUB) as socket:
    try:
        socket.connect(endpoint)
        # A SUB socket receives nothing until it subscribes; subscribe("") would ask for everything.
        # The filtering happens in the publisher, so other cities are not even sent to us.
        socket.subscribe(city)
        for _ in range(5):
            topic, degrees = socket.recv_multipart()
            print(f"{topic.decode()}: {degrees.decode()} degrees")
    except KeyboardInterrupt:
        print("No longer listening")
