"""What sockets and queued messages take: the growth of resident memory, on Linux."""

from __future__ import annotations

import os
from pathlib import Path


def resident():
    """Bytes of resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def sockets(session, job):
    """Open sockets that are connected to nobody."""
    kept = [session.open("DEALER")]
    before = resident()
    for _ in range(job.count):
        kept.append(session.open("DEALER"))
    yield {"count": job.count, "bytes": resident() - before}


def messages(session, job):
    """Send messages that nobody receives yet."""
    receiver, sender = session.open("PULL", high_water_mark=0), session.open("PUSH", high_water_mark=0)
    receiver.bind("inproc://memory")
    sender.connect("inproc://memory")
    data = b"x" * job.size
    sender.send(data)
    before = resident()
    for _ in range(job.count):
        sender.send(data)
    yield {"count": job.count, "bytes": resident() - before}


MEASUREMENTS = {"sockets": sockets, "messages": messages}
