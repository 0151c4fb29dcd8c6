"""Time on the clock, and processor time of all threads of the process, libzmq's among them."""

from __future__ import annotations

from time import perf_counter as clock

try:
    from resource import RUSAGE_SELF, getrusage
except ImportError:  # Windows
    getrusage = None


def processor_time():
    """Seconds in user mode and in the kernel so far; empty where the system does not tell."""
    if getrusage is None:
        return ()
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_utime, usage.ru_stime


class Meter:
    """Measures from when it is made."""

    def __init__(self):
        self._processor = processor_time()
        self._clock = clock()

    def read(self, count, **more):
        """The sample of so many repetitions until now."""
        seconds = clock() - self._clock
        passed = (after - before for before, after in zip(self._processor, processor_time(), strict=True))
        return {"count": count, "seconds": seconds, **dict(zip(("user", "system"), passed, strict=False)), **more}
