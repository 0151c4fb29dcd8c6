"""fork() of a process that is busy in many threads."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.mark.parametrize("how", ["os.fork", "multiprocessing"])
def test_fork_of_a_busy_process(scaled, run_program, how):
    """Children refuse what they inherited, make their own, end in every way; the parent's traffic goes on."""
    children = scaled(30, 400)
    output = run_program("fork_busy", how, children)
    counted, traffic = map(int, output.split())
    assert counted == children
    assert traffic > 0
