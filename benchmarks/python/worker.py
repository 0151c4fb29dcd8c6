"""Run measurements with one Python binding (or several in the same process), job by job.

    worker.py --library zmqbind [--library zmq]

Reads one job a line from standard input and answers with JSON objects, one a line, as the C program does. "version"
asks what is being measured; all other jobs are JOB[/NUMBER] SUBJECT SIZE COUNT:

    pull|rep ENDPOINT SIZE COUNT           binds, answers with the endpoint, receives, answers with the time
    push|req ENDPOINT SIZE COUNT           connects, sends, answers with the time
    pull-batch|push-batch ...              the same in batches, for a binding that has them; C has no need of them
    xpub/N, sub/N ...                      the same for N subscribers; the publisher binds
    router/N, dealers/N ...                requests over N connections; the router binds
    pull-threads/N, push-threads/N ...     the same over four connections with N io threads
    throughput|latency inproc SIZE COUNT   both ends in one thread
    operation/N NAME SIZE COUNT            one operation, COUNT times, in a process with N idle sockets
    loop/N LOOP:NAME SIZE COUNT            one operation in an event loop with N idle sockets, COUNT times; Python only
    memory sockets|messages SIZE COUNT     bytes that COUNT sockets, or queued messages, take

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
from dataclasses import dataclass
from importlib import metadata

import many
import memory
import operations
import streams
from sessions import open_session

PATIENCE = 60  # seconds a job may take; without it, one whose runner was killed would wait for ever
PAIRED = {
    "pull": streams.pull,
    "push": streams.push,
    "pull-batch": streams.pull_batch,
    "push-batch": streams.push_batch,
    "rep": streams.rep,
    "req": streams.req,
    "xpub": many.xpub,
    "sub": many.sub,
    "router": many.router,
    "dealers": many.dealers,
    "pull-threads": many.pull_threads,
    "push-threads": many.push_threads,
}
INPROC = {"throughput": streams.inproc_throughput, "latency": streams.inproc_latency}


class UnknownJobError(Exception):
    """The line is not a job."""


@dataclass(frozen=True)
class Job:
    """What one line asks for."""

    name: str
    subject: str
    size: int
    count: int
    number: int = 0


def parse(words):
    """The job in the words of a line."""
    try:
        job, subject, size, count = words
        name, _, number = job.partition("/")
        parsed = Job(name, subject, int(size), int(count), int(number or 0))
    except ValueError:
        raise UnknownJobError from None
    if parsed.size < 0 or parsed.count < 1 or parsed.number < 0:
        raise UnknownJobError
    return parsed


def answer(**fields):
    """Write one answer."""
    print(json.dumps(fields), flush=True)


def wait_for_peer():
    """Wait until the runner says, with one line, that the other process is done too."""
    if not sys.stdin.readline():
        sys.exit(1)


def find_measurement(job):
    """The function that does a job, with a session."""
    if job.name in PAIRED:
        return PAIRED[job.name]
    if job.name in INPROC and job.subject == "inproc":
        return INPROC[job.name]
    if job.name == "operation" and job.subject in operations.OPERATIONS:
        return operations.measure
    if job.name == "memory" and job.subject in memory.MEASUREMENTS:
        return memory.MEASUREMENTS[job.subject]
    raise UnknownJobError


def needs(job):
    """The sockets and the io threads that a context has to have for a job."""
    if job.name.endswith("-threads"):
        return {"sockets": many.CONNECTIONS, "io_threads": job.number}
    return {"sockets": job.number + 4 + (job.count if (job.name, job.subject) == ("memory", "sockets") else 0)}


def run(library, job):
    """Run one job and answer it."""
    if job.name == "loop":
        import loops  # not for all: it imports event loops

        for fields in loops.measure(library, job):
            answer(**fields)
        return
    measure = find_measurement(job)
    session = open_session(library, **needs(job))
    try:
        for fields in measure(session, job):
            answer(**fields)
        if job.name in PAIRED:
            wait_for_peer()
    finally:
        session.close()


def engine_of(library):
    """The C library below a binding, with its version; zmq-anyio's, which does not tell, is PyZMQ's."""
    if library.__name__ == "pynng":
        return f"nng {library.ffi.string(library.lib.nng_version()).decode()}"
    tells = library if hasattr(library, "zmq_version") else importlib.import_module("zmq")
    return f"libzmq {tells.zmq_version()}"


def versions(name, library):
    """What is being measured."""
    version = getattr(library, "__version__", None) or metadata.version(name)
    return {"library": name, "version": version, "engine": engine_of(library)}


def handle(libraries, line):
    """Run the job in one line; whatever goes wrong becomes the answer."""
    words = line.split()
    first = next(iter(libraries))
    try:
        if words == ["version"]:
            answer(**versions(first, libraries[first]))
        else:
            run(libraries[words[4] if len(words) == 5 else first], parse(words[:4]))
    except UnknownJobError:
        answer(error="unknown job")
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}")


def raise_limit():
    """A process for many sockets needs many descriptors."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main():
    """Answer jobs until standard input ends."""
    parser = argparse.ArgumentParser(description="Measurements with a Python binding; see the docstring.")
    parser.add_argument("--library", action="append", required=True, help="module to import")
    names = parser.parse_args().library
    libraries = {name: importlib.import_module(name) for name in names}
    raise_limit()
    gc.disable()  # a collection in the middle of a measurement would be noise; between jobs it is done below
    for line in iter(sys.stdin.readline, ""):
        signal.alarm(PATIENCE)
        handle(libraries, line)
        signal.alarm(0)
        gc.collect()


if __name__ == "__main__":
    main()
