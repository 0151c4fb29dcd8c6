"""One PyZMQ socket, driven from outside: commands come from stdin, answers go to stdout, a line of JSON each.

    {"do": "info"}                            -> {"pyzmq": version, "curve": bool, "zmqbind": bool}
    {"do": "open", "type": "REP", "how": "bind", "endpoint": "tcp://127.0.0.1:*", "options": {"linger": 0}}
                                              -> {"endpoint": the actual one}
    {"do": "send", "parts": [base64, ...]}    -> {}
    {"do": "recv"}                            -> {"parts": [base64, ...]}
    {"do": "poll", "timeout": ms}             -> {"ready": bool}
    {"do": "close"}                           -> {}

An exception is answered with {"error": its repr}. It ends with its stdin.
"""

import base64
import json
import sys

import zmq

context = zmq.Context()
sock = None


def open_socket(command):
    global sock
    sock = context.socket(zmq.SocketType[command["type"]])
    for name, value in command["options"].items():
        setattr(sock, name, base64.b64decode(value) if isinstance(value, str) else value)
    getattr(sock, command["how"])(command["endpoint"])
    return {"endpoint": sock.get_string(zmq.LAST_ENDPOINT)}


def perform(command):
    match command["do"]:
        case "info":
            return {"pyzmq": zmq.__version__, "curve": zmq.has("curve"), "zmqbind": "zmqbind" in sys.modules}
        case "open":
            return open_socket(command)
        case "send":
            sock.send_multipart([base64.b64decode(part) for part in command["parts"]])
            return {}
        case "recv":
            return {"parts": [base64.b64encode(part).decode() for part in sock.recv_multipart()]}
        case "poll":
            return {"ready": bool(sock.poll(command["timeout"]))}
        case "close":
            sock.close(linger=0)
            return {}


for line in sys.stdin:
    try:
        answer = perform(json.loads(line))
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
context.destroy(linger=0)
