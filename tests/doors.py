"""Servers that somebody guards, and clients who want in; for the tests of authenticators."""

from __future__ import annotations

import struct

import zmqbind as zmq

PATIENCE = 30_000  # ms

# How a client that is not told the reason sees it depends on how far it has got.
CUT_OFF = zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL | zmq.Event.DISCONNECTED
EVENTS = zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.HANDSHAKE_FAILED_AUTH | CUT_OFF


def outcome_of(monitor):
    """What became of the first handshake on a monitored socket: "in", a status of ZAP, or "cut off"."""
    if monitor.poll(PATIENCE):
        event, value = struct.unpack("=HI", monitor.recv_multipart()[0])
        if event == zmq.Event.HANDSHAKE_FAILED_AUTH:
            return value
        return "in" if event == zmq.Event.HANDSHAKE_SUCCEEDED else "cut off"
    raise TimeoutError("nothing came of the handshake")


class Door:
    """A REP server with some options, to which clients connect one after another."""

    def __init__(self, context, endpoint="tcp://127.0.0.1:*", **options):
        self.context = context
        self.server = context.socket(zmq.REP, socket_class=zmq.Socket)
        self.server.rcvtimeo = PATIENCE
        self.server.linger = 0
        for name, value in options.items():
            setattr(self.server, name, value)
        self.server.bind(endpoint)
        self.endpoint = self.server.get_string(zmq.LAST_ENDPOINT)

    def client(self, **options):
        """A REQ socket that is about to connect, and the monitor of it."""
        client = self.context.socket(zmq.REQ, socket_class=zmq.Socket)
        client.linger = 0
        client.rcvtimeo = PATIENCE
        client.reconnect_ivl = -1
        for name, value in options.items():
            setattr(client, name, value)
        monitor = client.get_monitor_socket(EVENTS)
        client.connect(self.endpoint)
        return client, monitor

    def knock(self, **options):
        """What becomes of one client; see outcome_of. One that gets in is also served."""
        client, monitor = self.client(**options)
        try:
            outcome = outcome_of(monitor)
            if outcome == "in":
                self.serve(client)
            return outcome
        finally:
            client.disable_monitor()
            client.close()

    def serve(self, client):
        """Let a client ask and have its answer; return the frame that the server received."""
        client.send(b"question")
        frame = self.server.recv(copy=False)
        assert frame == b"question"
        self.server.send(b"answer")
        assert client.recv() == b"answer"
        return frame

    def frame_from(self, **options):
        """The frame that the server receives from a client that gets in."""
        client, monitor = self.client(**options)
        assert outcome_of(monitor) == "in"
        frame = self.serve(client)
        client.disable_monitor()
        client.close()
        return frame


class Keys:
    """A pair of CURVE keys, and the options of sockets that have it."""

    def __init__(self):
        self.public, self.secret = zmq.curve_keypair()

    def as_server(self):
        return {"curve_server": 1, "curve_publickey": self.public, "curve_secretkey": self.secret}

    def as_client(self, server):
        return {"curve_serverkey": server.public, "curve_publickey": self.public, "curve_secretkey": self.secret}


def plain(user, password):
    """The options of a PLAIN client."""
    return {"plain_username": user.encode(), "plain_password": password.encode()}
