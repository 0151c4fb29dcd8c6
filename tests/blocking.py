"""Calls that wait, and waiting for somebody else's to do so."""

from __future__ import annotations

import time

import pytest

import zmqbind as zmq

# Each receives or sends one message, and waits where that cannot be done at once.
TRANSFERS = {
    "recv": lambda s: s.recv(),
    "recv a frame": lambda s: s.recv(copy=False),
    "recv_into": lambda s: s.recv_into(bytearray(8)),
    "recv_multipart": lambda s: s.recv_multipart(),
    "recv_string": lambda s: s.recv_string(),
    "send": lambda s: s.send(b"x"),
    "send a lent buffer": lambda s: s.send(bytearray(100_000), copy=False),
    "send_multipart": lambda s: s.send_multipart([b"x", b"y"]),
}


def wait_until_blocked(socket, patience=40):
    """Return when another thread waits in socket; fail after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            socket.get(zmq.LINGER)
        except zmq.ConcurrentUseError:
            return
        time.sleep(0)
    pytest.fail("nobody ever blocked in the socket")
