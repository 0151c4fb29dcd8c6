"""Limits, and ways to let an event loop go on."""

from __future__ import annotations

import asyncio

IMMEDIATE = 100  # as in src/loop.pyx
PATIENCE = 40  # seconds; nothing here takes as long


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def wait_a_little(receiver):
    """The loop watches the receiver, but nothing waits for it."""
    assert await receiver.poll(1) == 0
