"""Fixtures of the stress tests: how much to do, threads, programs of their own, and what a process holds.

The suite runs with the other tests, for a few seconds each; `make stress` sets ZMQBIND_STRESS=full.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

FULL = os.environ.get("ZMQBIND_STRESS") == "full"
PROGRAMS = Path(__file__).parent / "programs"

# Seconds; nothing that works takes as long, a hang takes longer. Less than what pytest gives a test, which ends it
# without a word of what it waited for.
PATIENCE = 120 if FULL else 40


@pytest.fixture
def scaled():
    """``scaled(short, full)``: the one that belongs to this run."""
    return lambda short, full: full if FULL else short


@pytest.fixture
def patience():
    """Seconds after which a wait counts as a hang."""
    return PATIENCE


@pytest.fixture
def switching():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Threads:
    """Threads that are joined with `finish`, which raises what the first of them raised."""

    def __init__(self):
        self._threads = []
        self._errors = []
        self._ended = threading.Semaphore(0)

    def start(self, function, *args):
        thread = threading.Thread(target=self._run, args=(function, args), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, function, args):
        try:
            function(*args)
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._ended.release()

    def check(self):
        """Raise what a thread has raised. The others may wait for that thread, and do not end then."""
        if self._errors:
            raise self._errors[0]

    def finish(self):
        deadline = time.monotonic() + PATIENCE
        for _ in self._threads:
            in_time = self._ended.acquire(timeout=max(0, deadline - time.monotonic()))
            self.check()
            assert in_time, f"hanging: {[thread.name for thread in self._threads if thread.is_alive()]}"
        while self._threads:
            self._threads.pop().join()


@pytest.fixture
def threads():
    """``threads.start(function, *args)``, ``threads.check()``, ``threads.finish()``."""
    return Threads()


@pytest.fixture
def run_program():
    """``run_program(name, *args)``: runs programs/name.py, fails if it does, and returns what it printed.

    A program that hangs shows where.
    """

    def run(name, *args, timeout=2 * PATIENCE if FULL else PATIENCE + 10):
        command = [sys.executable, "-u", "-X", "faulthandler", str(PROGRAMS / f"{name}.py"), *map(str, args)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            try:
                output, _ = child.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGABRT)  # faulthandler prints what all threads are doing
                output, _ = child.communicate(timeout=5)
                pytest.fail(f"{name} ran for more than {timeout} s; its output:\n{output}")
            finally:
                child.kill()
        assert child.returncode == 0, output
        return output

    return run


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def native_threads():
    return len(os.listdir("/proc/self/task"))


@pytest.fixture
def nothing_left():
    """Fails if, once the test is over and what it dropped has been terminated in the background, the process has
    more descriptors or threads than before.
    """
    if not os.path.isdir("/proc/self/task"):
        yield
        return
    before = descriptors(), native_threads()
    yield
    deadline = time.monotonic() + PATIENCE
    while (left := (descriptors(), native_threads())) > before or left[1] > before[1]:
        assert time.monotonic() < deadline, f"descriptors and threads: {left}, before {before}"
        time.sleep(0.01)
