"""What ends a measurement before its time, and with which exit status."""

from __future__ import annotations


class PerfError(Exception):
    """The measurement cannot go on; the text is one line for people."""

    status = 1


class BadArgument(PerfError):
    """The text begins with the argument at fault."""

    status = 2


class PeerInterrupted(PerfError):
    """Somebody has ended the peer by Ctrl-C: what has been measured so far counts, as if it had been done here."""

    status = 130


class RoundAborted(Exception):
    """The leader has given up the round that is running; what it says next comes next."""
