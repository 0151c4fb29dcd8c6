"""Resident memory, Python's blocks, malloc'ed bytes and descriptors stay as they are, whatever succeeds or fails."""

from __future__ import annotations

import json
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what /proc tells")

# What a million operations may leave. One that leaks one object each time would leave at least 20,000.
BLOCKS = 1_000
KILOBYTES = 2_000
MALLOCED = 300_000


def test_mixed_operations(scaled, run_program):
    """In random order, from one thread; what is compared are two states with the same sockets open."""
    report = json.loads(run_program("leaks", "mixed", scaled(50_000, 1_000_000)).splitlines()[-1])
    assert report["operations"] == scaled(50_000, 1_000_000)
    # Fewer than at the start is no leak: contexts that were dropped before may still have been ending then.
    assert report["descriptors"] <= 0, report
    assert report["threads"] <= 0, report
    assert report["blocks"] < BLOCKS, report
    assert report["malloced"] < MALLOCED, report
    assert report["kilobytes"] < KILOBYTES, report


def test_every_operation(scaled, run_program):
    """One after the other, so that the one that leaks is named."""
    count = scaled(300, 5_000)
    report = json.loads(run_program("leaks", "each", count).splitlines()[-1])
    assert len(report) > 30
    # libzmq takes memory for its queues 16 KB at a time; beside that, a call that leaks leaves a block or some bytes.
    leaking = {
        name: growth
        for name, growth in report.items()
        if growth["blocks"] > count / 4 or growth["malloced"] > 8 * count + 60_000 or growth["descriptors"] > 0
    }
    assert not leaking
