"""The processes that do the measuring, and the questions they are asked.

All of them, Python or C, read jobs from standard input and answer with JSON lines: see python/worker.py.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIMEOUT = 30.0  # seconds for one answer; a measurement takes a fraction of one
WORKER = Path(__file__).resolve().parent / "python" / "worker.py"


class WorkerFailed(Exception):
    """A worker died, did not answer in time, or answered with an error."""


def python_command(*libraries):
    """The command of a worker that measures these Python modules."""
    return [sys.executable, str(WORKER), *(word for library in libraries for word in ("--library", library))]


class Worker:
    """One measuring process."""

    def __init__(self, command):
        self._errors = tempfile.TemporaryFile()
        # In a session of its own, Ctrl-C reaches only the runner. In another directory than the repository,
        # `import zmqbind` finds what is installed.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            cwd=tempfile.gettempdir(),
        )
        self._received = b""

    def fileno(self):
        """Readable when an answer, or the end, is there."""
        return self._process.stdout.fileno()

    def ask(self, *words):
        """Give the worker a job; with no words, the empty line that lets it close its socket."""
        try:
            self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise WorkerFailed(self._last_words()) from None

    def read(self):
        """Take in what has arrived."""
        arrived = os.read(self.fileno(), 65536)
        if not arrived:
            raise WorkerFailed(self._last_words())
        self._received += arrived

    def next_answer(self):
        """The next answer that has arrived, or None."""
        line, separator, rest = self._received.partition(b"\n")
        if not separator:
            return None
        self._received = rest
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(answer["error"])
        return answer

    def finish(self):
        """Let the process end by itself, with nothing more to do."""
        try:
            self._process.stdin.close()
            self._process.wait(TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorkerFailed(f"the worker does not end: {error}") from None

    def stop(self):
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        # What could not be written to a process that is dead is of no interest.
        try:
            self._process.stdin.close()
        except OSError:
            pass
        self._process.stdout.close()
        self._errors.close()

    def _last_words(self):
        """Why the process ended: the last line of its standard error, or its exit status."""
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        return lines[-1] if lines else f"the worker ended with status {status}"


def collect(*workers, timeout=TIMEOUT):
    """One answer from each worker.

    Raises WorkerFailed as soon as any of them fails, for then the others would wait for ever.
    """
    deadline = time.monotonic() + timeout
    answers = {}
    while True:
        for worker in workers:
            if worker not in answers:
                answer = worker.next_answer()
                if answer is not None:
                    answers[worker] = answer
        if len(answers) == len(workers):
            return [answers[worker] for worker in workers]
        ready, _, _ = select.select(workers, [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise WorkerFailed(f"no answer within {timeout:g} s")
        for worker in ready:
            worker.read()


class Pool:
    """Workers by role, started when first needed and then kept: starting takes as long as measuring."""

    def __init__(self):
        self._workers = {}

    def get(self, role, command):
        """The worker of a role."""
        if role not in self._workers:
            self._workers[role] = Worker(command)
        return self._workers[role]

    def measure(self, role, command, *job):
        """The answer of the worker of a role to a job; one that failed is not asked again."""
        worker = self.get(role, command)
        try:
            worker.ask(*job)
            return collect(worker)[0]
        except WorkerFailed:
            self.stop(role)
            raise

    def stop(self, role=None):
        """End the worker of one role, or all."""
        for name in [role] if role else list(self._workers):
            if name in self._workers:
                self._workers.pop(name).stop()

    def finish(self):
        """Let all workers end by themselves."""
        for worker in self._workers.values():
            worker.finish()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()
