"""Do some work, and publish what is logged about it, until Ctrl-C. Watch it with: zmqbind log tcp://127.0.0.1:5011

Usage: worker.py [endpoint]
"""

import itertools
import logging
import sys
import time

from zmqbind.log.handlers import PUBHandler

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5011"

handler = PUBHandler(endpoint, root_topic="worker")
print("Publishing on", handler.socket.last_endpoint.decode())
# Not by basicConfig, which would give the handler one format for all levels.
logging.getLogger().addHandler(handler)
logging.getLogger().setLevel(logging.DEBUG)

try:
    for number in itertools.count():
        # What is before the colons becomes part of the topic: "worker.INFO.cake".
        logging.info("cake::piece %d is baked", number)
        if number % 10 == 9:
            logging.warning("oven::is too hot")
        time.sleep(0.1)
except KeyboardInterrupt:
    print("The worker stops")
