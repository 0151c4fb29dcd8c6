"""A server that hostile peers throw bytes at, while a good client goes on asking. See tests/test_hostile_bytes.py.

Usage: besieged.py MECHANISM KIND PEERS. Attacks twice with PEERS conversations, and prints a line of JSON: how many
attacks there were, how often the good client was served, and by how many bytes and descriptors the process has grown
from the end of the first wave to that of the second.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
from pathlib import Path

import hostile

import zmqbind as zmq
from zmqbind.auth.thread import ThreadAuthenticator

PATIENCE = 20_000  # ms
AT_ONCE = 30  # connections

numbers = itertools.count()

mechanism, kind, peers = sys.argv[1], sys.argv[2], int(sys.argv[3])


public, secret = zmq.curve_keypair() if mechanism == "CURVE" else (b"", b"")
OPTIONS = {
    "NULL": ({"zap_domain": b"any"}, {}),
    "PLAIN": ({"plain_server": 1}, {"plain_username": b"good", "plain_password": b"secret"}),
    "CURVE": (
        {"curve_server": 1, "curve_secretkey": secret},
        {"curve_serverkey": public, "curve_publickey": public, "curve_secretkey": secret},
    ),
}[mechanism]
SERVERS = {"ROUTER": zmq.DEALER, "XPUB": zmq.SUB}


def make(kind, options):
    made = context.socket(kind)
    made.linger = 0
    made.rcvtimeo = made.sndtimeo = PATIENCE
    for name, value in options.items():
        setattr(made, name, value)
    return made


def serve_a_client(client):
    """Let a good client have what it connects for; what the hostile ones got through is passed over."""
    if kind == "ROUTER":
        client.send(b"good question")
        while True:
            routing_id, *parts = server.recv_multipart()
            if parts == [b"good question"]:
                break
        server.send_multipart([routing_id, b"answer"])
        assert client.recv() == b"answer"
        return
    topic = b"good %d" % next(numbers)
    client.subscribe(topic)
    while server.recv() != b"\1" + topic:
        pass
    server.send(topic)
    assert client.recv() == topic
    client.unsubscribe(topic)


def attack(seeds):
    """Send the conversations of some seeds, many connections at a time; serve a good client in between."""
    served = 0
    connections = []
    for seed in seeds:
        connection = socket.create_connection(address, timeout=PATIENCE / 1000)
        connection.setblocking(False)
        try:
            for part in hostile.conversation(seed, mechanism.encode()):
                connection.send(part)
        except OSError:  # the server has hung up, or takes no more
            pass
        connections.append(connection)
        if len(connections) >= AT_ONCE:
            serve_a_client(old_client)
            with make(SERVERS[kind], OPTIONS[1]) as new_client:
                new_client.connect(endpoint)
                serve_a_client(new_client)
            served += 2
            while connections:
                connections.pop().close()
    while connections:
        connections.pop().close()
    return served


def memory():
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def descriptors():
    return len(os.listdir("/proc/self/fd"))


with zmq.Context() as context, ThreadAuthenticator(context) as auth:
    auth.configure_plain("*", {"good": "secret"})
    auth.configure_curve("*", "*")
    with make(getattr(zmq, kind), OPTIONS[0]) as server, make(SERVERS[kind], OPTIONS[1]) as old_client:
        server.bind("tcp://127.0.0.1:*")
        endpoint = server.get_string(zmq.LAST_ENDPOINT)
        address = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        old_client.connect(endpoint)
        served = attack(range(peers))
        serve_a_client(old_client)
        before = memory(), descriptors()
        served += attack(range(peers, 2 * peers))
        serve_a_client(old_client)
        after = memory(), descriptors()
        attacks = 2 * peers
print(
    json.dumps(
        {"attacks": attacks, "served": served, "grown": after[0] - before[0], "descriptors": after[1] - before[1]}
    )
)
