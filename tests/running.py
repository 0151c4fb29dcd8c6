"""Programs run as the processes a reader would start: those under examples/, and other people's."""

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
    """A program running in a process of its own; options are those of subprocess.Popen."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
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
def programs():
    """``with programs() as start``: ``start(command, **options)`` runs a program until the end of the block."""
    running = []

    def start(command, **options):
        running.append(Running(command, **options))
        return running[-1]

    try:
        yield start
    finally:
        for program in running:
            program.kill()


@contextlib.contextmanager
def examples():
    """``with examples() as start``: ``start(script, *args)`` runs an example until the end of the block."""
    with programs() as start:
        yield lambda script, *args: start([sys.executable, "-u", str(EXAMPLES / script), *args])
