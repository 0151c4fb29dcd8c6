"""SIGALRM thousands of times a second, in every kind of call: nothing lost, doubled or torn."""

from __future__ import annotations

import signal

import pytest

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")


@pytest.mark.parametrize("handler", ["nothing", "raises", "same-socket"])
@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_signal_storm(scaled, run_program, handler, transport):
    """The program checks every message itself; signals must have come while it was at it."""
    signals, messages = map(int, run_program("signal_storm", handler, transport, scaled(1.0, 12.0)).split())
    assert signals > 100
    assert messages > 100
