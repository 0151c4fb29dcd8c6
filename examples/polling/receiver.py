"""Serve two sockets at once: collect measurements, and answer questions about them.

Stops when it is told to, or on Ctrl-C.

Usage: receiver.py [endpoint for measurements] [endpoint for questions]
"""

import sys

import zmqbind as zmq

measurements_endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5006"
questions_endpoint = sys.argv[2] if len(sys.argv) > 2 else "tcp://127.0.0.1:5007"

with (
    zmq.Context() as context,
    context.socket(zmq.PULL) as measurements,
    context.socket(zmq.REP) as questions,
):
    try:
        measurements.bind(measurements_endpoint)
        questions.bind(questions_endpoint)
        print("Measurements on", measurements.get_string(zmq.LAST_ENDPOINT))
        print("Questions on", questions.get_string(zmq.LAST_ENDPOINT))

        poller = zmq.Poller()
        poller.register(measurements, zmq.POLLIN)
        poller.register(questions, zmq.POLLIN)

        values = []
        running = True
        while running:
            # Wait until a socket has a message, but no longer than five seconds.
            events = dict(poller.poll(timeout=5000))
            if not events:
                print("Nothing happened for five seconds")
            if measurements in events:
                values.append(float(measurements.recv_string()))
                print("Measured", values[-1])
            if questions in events:
                question = questions.recv_string()
                if question == "mean":
                    answer = f"{sum(values) / len(values):.2f}" if values else "nothing measured yet"
                elif question == "count":
                    answer = str(len(values))
                elif question == "stop":
                    answer = "stopping"
                    running = False
                else:
                    answer = "ask for mean, count or stop"
                questions.send_string(answer)
                print("Asked for", question, "and answered", answer)
    except KeyboardInterrupt:
        print("Interrupted")
