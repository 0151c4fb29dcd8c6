"""Threads that do things at the same moment."""

from __future__ import annotations

import threading
import time

PATIENCE = 40  # seconds; what takes as long hangs


def at_once(*calls):
    """Make calls in a thread each, all from the same moment on; return what they return or raise, in order."""
    start = threading.Barrier(len(calls))
    results = [TimeoutError("hangs")] * len(calls)

    def run(position, call):
        start.wait(PATIENCE)
        try:
            results[position] = call()
        except BaseException as error:  # pytest.fail raises one that is no Exception
            results[position] = error

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return results


def all_well(results):
    """The results of at_once, of which none may be an exception."""
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
