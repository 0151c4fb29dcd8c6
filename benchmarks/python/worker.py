"""Run measurements with one Python binding (or two in the same process), job by job.

    worker.py --library zmqbind [--library zmq]

Reads one job a line from standard input and answers with JSON objects, one a line, as the C program does:

    version                                what is being measured
    pull|rep ENDPOINT SIZE COUNT           binds, answers with the endpoint, receives, answers with the time
    push|req ENDPOINT SIZE COUNT           connects, sends, answers with the time
    pull-batch|push-batch ...              the same in batches, for a binding that has them; C has no need of them
    throughput|latency inproc SIZE COUNT   both ends in one thread
    operation NAME SIZE COUNT              one operation, COUNT times
    loop LOOP:NAME SIZE COUNT              one operation in an event loop, COUNT times; Python only

Those that need another process close their socket after one more line, an empty one: when both are done.
A job may end with the name of the library to use; without it the first one is used.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import signal
import sys
from importlib import metadata

import operations
import streams

PATIENCE = 60  # seconds a job may take; without it, one whose runner was killed would wait for ever
PAIRED = {
    "pull": streams.pull,
    "push": streams.push,
    "pull-batch": streams.pull_batch,
    "push-batch": streams.push_batch,
    "rep": streams.rep,
    "req": streams.req,
}


class UnknownJobError(Exception):
    """The line is not a job."""


def answer(**fields):
    """Write one answer."""
    print(json.dumps(fields), flush=True)


def wait_for_peer():
    """Wait until the runner says, with one line, that the other process is done too."""
    if not sys.stdin.readline():
        sys.exit(1)


def run(zmq, job, subject, size, count):
    """Run one job and answer it."""
    if job in PAIRED:
        PAIRED[job](zmq, subject, size, count, answer, wait_for_peer)
    elif (job, subject) == ("throughput", "inproc"):
        answer(**streams.inproc_throughput(zmq, size, count))
    elif (job, subject) == ("latency", "inproc"):
        answer(**streams.inproc_latency(zmq, size, count))
    elif job == "operation" and subject in operations.OPERATIONS:
        answer(**operations.measure(zmq, subject, size, count))
    elif job == "loop":
        import loops  # not for all: it imports event loops

        answer(**loops.measure(zmq, subject, size, count))
    else:
        raise UnknownJobError


def numbers(words):
    """The size and the count of a job."""
    try:
        size, count = map(int, words)
    except ValueError:
        raise UnknownJobError from None
    if size < 0 or count < 1:
        raise UnknownJobError
    return size, count


def versions(name, library):
    """The versions of a binding and of its libzmq; zmq-anyio, which uses PyZMQ's, does not tell."""
    version = getattr(library, "__version__", None) or metadata.version(name)
    tells = library if hasattr(library, "zmq_version") else importlib.import_module("zmq")
    return {"library": name, "version": version, "libzmq": tells.zmq_version()}


def handle(libraries, line):
    """Run the job in one line; whatever goes wrong becomes the answer."""
    words = line.split()
    first = next(iter(libraries))
    try:
        if words == ["version"]:
            answer(**versions(first, libraries[first]))
        else:
            zmq = libraries[words[4] if len(words) == 5 else first]
            run(zmq, *words[:2], *numbers(words[2:4]))
    except UnknownJobError:
        answer(error="unknown job")
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}")


def main():
    """Answer jobs until standard input ends."""
    parser = argparse.ArgumentParser(description="Measurements with a Python binding; see the docstring.")
    parser.add_argument("--library", action="append", required=True, help="module to import")
    names = parser.parse_args().library
    libraries = {name: importlib.import_module(name) for name in names}
    gc.disable()  # a collection in the middle of a measurement would be noise; between jobs it is done below
    for line in iter(sys.stdin.readline, ""):
        signal.alarm(PATIENCE)
        handle(libraries, line)
        signal.alarm(0)
        gc.collect()


if __name__ == "__main__":
    main()
