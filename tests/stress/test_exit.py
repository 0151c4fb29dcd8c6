"""Leaving the interpreter: it never waits for a peer longer than it should, and live peers get their messages."""

from __future__ import annotations

import concurrent.futures
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

import zmqbind as zmq

PROGRAM = Path(__file__).parent / "programs" / "leave.py"

PEERS = ["alive", "absent", "stopped"]
LINGERS = ["default", "-1", "0"]
THREADS = ["none", "recv", "send", "poll", "proxy"]
PLACES = ["global", "cycle"]
ENDINGS = ["return", "sys.exit", "exception", "os._exit"]

MESSAGES = 200
SIZE = 5_000


def leave(peer, linger, thread, place, ending, patience):
    """Run the program and its peer; returns how many messages arrived.

    The program may take `patience` seconds to end, much less than what its sockets would linger for. Where the peer is
    alive, zmqbind's own limit is as long: on a busy machine, a second may not be enough for two processes to connect.
    """
    with zmq.Context() as context, context.socket(zmq.PULL) as pull:
        pull.rcvtimeo = 1000
        pull.bind("tcp://127.0.0.1:*")
        endpoint = pull.last_endpoint.decode()
        if peer == "absent":
            pull.unbind(endpoint)
        if peer == "stopped":
            # A live connection that nobody reads from: its buffers and queues fill.
            pull.close()
            pull = context.socket(zmq.PULL)
            pull.rcvhwm, pull.rcvbuf = 1, 4096
            pull.bind("tcp://127.0.0.1:*")
            endpoint = pull.last_endpoint.decode()
        size = 100_000 if peer == "stopped" else SIZE
        limit = 1000 * patience if peer == "alive" else "default"
        arguments = [endpoint, linger, limit, thread, place, ending, MESSAGES, size]
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PROGRAM), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        arrived = 0
        try:
            assert child.stdout.readline() == "leaving\n", child.stderr.read()
            if peer == "alive":
                while arrived < MESSAGES:
                    try:
                        number = int(pull.recv()[:8])
                    except zmq.Again:
                        if child.poll() is not None:
                            break
                    else:
                        assert number == arrived
                        arrived += 1
            _, errors = child.communicate(timeout=patience)
            status = child.returncode
        finally:
            child.kill()
            child.communicate()
            pull.close(linger=0)
    assert status == {"return": 0, "sys.exit": 3, "exception": 1, "os._exit": 4}[ending], errors
    expected = "Exception: on purpose" if ending == "exception" else ""
    assert errors.strip().endswith(expected) and ("Traceback" in errors) == (ending == "exception"), errors
    return arrived


def verdict(case, patience):
    """What is wrong with a way of leaving, or None."""
    peer, linger, *_, ending = case
    try:
        arrived = leave(*case, patience)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return f"{case}: {error}"
    if peer == "alive" and linger != "0" and ending != "os._exit" and arrived < MESSAGES:
        return f"{case}: {arrived} of {MESSAGES} messages arrived"
    return None


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("peer", PEERS)
def test_leaving(scaled, patience, peer, ending):
    """Every combination in the full run; every seventh in the short one."""
    cases = [(peer, *case, ending) for case in itertools.product(LINGERS, THREADS, PLACES)]
    if scaled(True, False):
        cases = cases[(PEERS.index(peer) + ENDINGS.index(ending)) % 7 :: 7]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        wrong = [text for text in pool.map(lambda case: verdict(case, patience), cases) if text]
    assert not wrong, "\n".join(wrong)
