"""Collect the results of twenty tasks and sum them up.

Usage: sink.py [endpoint of the results]
"""

import collections
import sys

import zmqbind as zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5003"
done_by = collections.Counter()
total = 0

with zmq.Context() as context, context.socket(zmq.PULL) as results:
    try:
        results.bind(endpoint)
        print("Collecting results on", results.get_string(zmq.LAST_ENDPOINT))
        for _ in range(20):
            # Results arrive in whatever order the workers finish.
            result = results.recv_json()
            done_by[result["worker"]] += 1
            total += result["square"]
        for worker, count in sorted(done_by.items()):
            print(f"{worker} did {count} tasks")
        print("The squares of 1 to 20 sum up to", total)
    except KeyboardInterrupt:
        print("Stopped after", done_by.total(), "results")
