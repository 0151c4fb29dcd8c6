"""Hand out twenty tasks to the workers that are there, then leave.

Usage: ventilator.py [endpoint of the tasks]
"""

import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5002"

with zmq.Context() as context, context.socket(zmq.PUSH) as tasks:
    try:
        tasks.bind(endpoint)
        print("Handing out tasks on", tasks.get_string(zmq.LAST_ENDPOINT))
        for number in range(1, 21):
            # A PUSH socket deals its messages to the workers in turn, and waits while there is no worker.
            tasks.send_json({"number": number})
        print("All tasks handed out")
    except KeyboardInterrupt:
        # Do not wait for workers that may never come.
        tasks.linger = 0
        print("Stopped early")
# Leaving the `with` waits until the last task is on its way.
