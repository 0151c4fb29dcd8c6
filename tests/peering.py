"""Sockets of other libraries in other processes, driven by lines of words:

    info                                  -> ok LIBRARY, 1 with CURVE or 0
    open TYPE bind|connect ENDPOINT OPTION... -> ok, the actual endpoint; an option is NUMBER:i:VALUE or NUMBER:b:BYTES
    send BYTES...                         -> ok; bytes are in hexadecimal, "-" where there are none
    recv                                  -> ok BYTES...
    poll MS                               -> ok 0|1
    guard plain FILE                      -> ok; starts the library's authenticator; the file has lines USER=PASSWORD
    guard curve DIRECTORY|*, guard allow|deny ADDRESS
    make FILE NAME                        -> ok PUBLIC SECRET; writes certificates
    load FILE                             -> ok PUBLIC SECRET NAME
    close                                 -> ok; closes the socket and stops the authenticator

What fails is answered by "error" and a text. A peer ends with its stdin.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import zmqbind as zmq

PEERS = Path(__file__).parent / "peers"
PATIENCE = 20_000  # ms


class Peer:
    """A socket of another library, with the methods of a socket that the tests use."""

    def __init__(self, library):
        self.library = library
        command = [sys.executable, str(PEERS / "pyzmq_peer.py")] if library == "PyZMQ" else [build_czmq_peer()]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def perform(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        status, *answer = self.process.stdout.readline().rstrip("\n").split(" ")
        assert status == "ok", " ".join(answer)
        return answer

    def has_curve(self):
        return self.perform("info")[1] == "1"

    def open(self, name, how, endpoint, options):
        words = []
        for option, value in options.items():
            encoded = f"b:{encode(value)}" if isinstance(value, bytes) else f"i:{value}"
            words.append(f"{int(zmq.SocketOption[option.upper()])}:{encoded}")
        return self.perform("open", name, how, endpoint, *words)[0]

    def send_multipart(self, parts):
        self.perform("send", *map(encode, parts))

    def recv_multipart(self):
        return [b"" if word == "-" else bytes.fromhex(word) for word in self.perform("recv")]

    def poll(self, timeout):
        return self.perform("poll", timeout) == ["1"]

    def end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE / 1000)
        self.process.stdout.close()


def encode(part):
    return part.hex() or "-"


@functools.cache
def build_czmq_peer():
    """Compile the peer on czmq; return the path of the program. Skips the test where that cannot be done."""
    if shutil.which("cc") is None or shutil.which("pkg-config") is None:
        pytest.skip("there is no C compiler, or no pkg-config")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libczmq", "libzmq"], capture_output=True, text=True)
    if flags.returncode != 0:
        pytest.skip("czmq is not installed (libczmq-dev)")
    directory = tempfile.mkdtemp(prefix="zmqbind-czmq-")
    atexit.register(shutil.rmtree, directory)
    program = directory + "/czmq_peer"
    command = ["cc", "-O1", "-Wall", str(PEERS / "czmq_peer.c"), "-o", program, *flags.stdout.split()]
    if subprocess.run(command).returncode != 0:
        pytest.skip("czmq cannot be compiled against here: the headers of libzmq are hidden")
    return program


def start_peer(library):
    """Start a peer, or skip the test where the library is not installed."""
    if library == "PyZMQ" and not importlib.util.find_spec("zmq"):
        pytest.skip("PyZMQ is not installed")
    return Peer(library)
