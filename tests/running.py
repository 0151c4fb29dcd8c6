"""Programs under examples/, run as the processes a reader would start."""

from __future__ import annotations

import contextlib
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading

import pytest

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"

# An upper bound for one line of output or for one process to end; seconds.
PATIENCE = 30

ANY_PORT = "tcp://127.0.0.1:*"


class Running:
    """An example running in a process of its own."""

    def __init__(self, script, *args):
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(EXAMPLES / script), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self._lines = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _next_line(self):
        try:
            line = self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            pytest.fail(f"no line for {PATIENCE} s; the output before that:\n{self.output}")
        self.output += line
        return line

    def wait_for(self, pattern):
        """The first group of `pattern` in the first line, from here on, that matches it."""
        while line := self._next_line():
            if match := re.search(pattern, line):
                return match[match.re.groups and 1]
        pytest.fail(f"no line matches {pattern!r} in the output:\n{self.output}")

    def finish(self):
        """All it has printed, after it has ended by itself and without an error."""
        while self._next_line():
            pass
        assert self.process.wait(PATIENCE) == 0, self.output
        return self.output

    def interrupt(self):
        """All it has printed, after Ctrl-C has ended it without an error or a traceback."""
        self.process.send_signal(signal.SIGINT)
        output = self.finish()
        assert "Traceback" not in output
        return output

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


@contextlib.contextmanager
def examples():
    """``with examples() as start``: ``start(script, *args)`` runs an example until the end of the block."""
    running = []

    def start(script, *args):
        running.append(Running(script, *args))
        return running[-1]

    try:
        yield start
    finally:
        for example in running:
            example.kill()
