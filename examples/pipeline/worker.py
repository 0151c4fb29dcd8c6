"""Square the numbers that come from the ventilator and pass them on to the sink, until Ctrl-C.

Usage: worker.py [endpoint of the tasks] [endpoint of the results]
"""

import os
import sys

import zmqbind as zmq

tasks_endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5002"
results_endpoint = sys.argv[2] if len(sys.argv) > 2 else "tcp://127.0.0.1:5003"
name = f"worker {os.getpid()}"

with (
    zmq.Context() as context,
    context.socket(zmq.PULL) as tasks,
    context.socket(zmq.PUSH) as results,
):
    try:
        tasks.connect(tasks_endpoint)
        results.connect(results_endpoint)
        # On the way out, give a result that is still unsent one second (1000 ms) to reach the sink.
        results.linger = 1000
        print(name, "is ready")
        while True:
            number = tasks.recv_json()["number"]
            results.send_json({"worker": name, "number": number, "square": number * number})
    except KeyboardInterrupt:
        print(name, "goes home")
