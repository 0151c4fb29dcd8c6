"""Thousands of hostile peers throw bytes at a socket: it goes on serving its good clients, in no more memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import zmqbind as zmq

PEERS = 500  # for each mechanism
MEMORY = 8 << 20  # bytes; how much the server may grow by while it is under attack for the second time


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("mechanism", ["NULL", "PLAIN", "CURVE"])
@pytest.mark.parametrize("kind", ["ROUTER", "XPUB"])
def test_hostile_bytes(mechanism, kind):
    """In a process of its own, for libzmq would end it if it thought something impossible."""
    if mechanism == "CURVE" and not zmq.has("curve"):
        pytest.skip("libzmq has no CURVE")
    script = Path(__file__).parent / "peers" / "besieged.py"
    done = subprocess.run(
        [sys.executable, str(script), mechanism, kind, str(PEERS)], capture_output=True, text=True, timeout=55
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["attacks"] == 2 * PEERS
    assert result["served"] >= 20
    assert result["descriptors"] < 100  # some are still being closed
    assert result["grown"] < MEMORY
