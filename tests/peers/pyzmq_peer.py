"""One socket of PyZMQ's, driven from outside as tests/peering.py tells."""

import sys
from pathlib import Path

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

context = zmq.Context()
sock = auth = None


def encode(part):
    return part.hex() or "-"


def decode(word):
    return b"" if word == "-" else bytes.fromhex(word)


def open_socket(kind, how, endpoint, *options):
    global sock
    sock = context.socket(zmq.SocketType[kind])
    for option in options:
        number, type_of_value, value = option.split(":")
        sock.setsockopt(int(number), int(value) if type_of_value == "i" else decode(value))
    getattr(sock, how)(endpoint)
    return [sock.get_string(zmq.LAST_ENDPOINT)]


def guard(kind, argument):
    global auth
    if auth is None:
        auth = ThreadAuthenticator(context)
        auth.start()
    match kind:
        case "plain":
            lines = Path(argument).read_text().splitlines()
            auth.configure_plain("*", dict(line.split("=") for line in lines))
        case "curve":
            auth.configure_curve("*", argument)
        case "allow":
            auth.allow(argument)
        case "deny":
            auth.deny(argument)
    return []


def make_certificate(file, name):
    path = Path(file)
    _, secret = zmq.auth.create_certificates(str(path.parent), path.stem, {"name": name})
    return [key.decode() for key in zmq.auth.load_certificate(secret)]


def load_certificate(file):
    public, secret = zmq.auth.load_certificate(file)
    return [public.decode(), secret.decode() if secret else "-", "-"]


def close():
    global sock, auth
    if sock is not None:
        sock.close(linger=0)
    if auth is not None:
        auth.stop()
    sock = auth = None
    return []


def perform(command, *words):
    match command:
        case "info":
            return [
                f"pyzmq-{zmq.__version__}-zmqbind" if "zmqbind" in sys.modules else "pyzmq",
                str(int(zmq.has("curve"))),
            ]
        case "open":
            return open_socket(*words)
        case "send":
            sock.send_multipart([decode(word) for word in words])
            return []
        case "recv":
            return [encode(part) for part in sock.recv_multipart()]
        case "poll":
            return [str(int(bool(sock.poll(int(words[0])))))]
        case "guard":
            return guard(*words)
        case "load":
            return load_certificate(*words)
        case "make":
            return make_certificate(*words)
        case "close":
            return close()


for line in sys.stdin:
    try:
        answer = ["ok", *perform(*line.rstrip("\n").split(" "))]
    except Exception as error:
        answer = ["error", repr(error)]
    print(*answer, flush=True)
close()
context.destroy(linger=0)
