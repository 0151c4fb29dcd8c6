"""Send four measurements, ask for their mean, and stop the receiver.

Usage: sender.py [endpoint for measurements] [endpoint for questions]
"""

import sys

import zmqbind as zmq

measurements_endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5006"
questions_endpoint = sys.argv[2] if len(sys.argv) > 2 else "tcp://127.0.0.1:5007"


def ask(socket, question):
    socket.send_string(question)
    return socket.recv_string()


with (
    zmq.Context() as context,
    context.socket(zmq.PUSH) as measurements,
    context.socket(zmq.REQ) as questions,
):
    try:
        measurements.linger = questions.linger = 0
        measurements.connect(measurements_endpoint)
        questions.connect(questions_endpoint)
        for value in (20.5, 21.0, 22.25, 20.25):
            measurements.send_string(str(value))
        # Messages keep their order within one connection, but not between two: a question may overtake the
        # measurements that were sent before it.
        while ask(questions, "count") != "4":
            pass
        print("The mean is", ask(questions, "mean"))
        print("The receiver is", ask(questions, "stop"))
    except KeyboardInterrupt:
        print("Stopped waiting")
