"""Has workers measure a case: which processes there are, and what they are asked."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from .cases import BINDINGS, OURS
from .libraries import MODULES
from .processes import TIMEOUT, WorkerFailed, collect, python_command

# Installed packages have compiled bytecode; let an editable install have it too.
WITH_BYTECODE = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

# name of a case: (job that binds, job that connects, which of the two tells the time)
PAIRS = {
    "push-pull": ("pull", "push", 0),
    "batch": ("pull", "push", 0),
    "req-rep": ("rep", "req", 1),
    "xpub-sub": ("xpub", "sub", 1),
    "router-dealer": ("router", "dealers", 1),
    "threads": ("pull-threads", "push-threads", 0),
}

# Sections that one process measures: the job, and whether both bindings share that process.
SINGLE = {
    "throughput": ("throughput", False),
    "latency": ("latency", False),
    "operation": ("operation", True),
    "poller": ("operation", True),
    "loop": ("loop", True),
    "idle-loop": ("loop", True),
    "memory": ("memory", False),
}


class Measurer:
    """Measures cases. `libraries`: those there are; `pool` holds the workers, `directory` the ipc endpoints."""

    def __init__(self, libraries, pool, directory):
        self._libraries = libraries
        self._pool = pool
        self._directory = Path(directory)
        self._serial = itertools.count()

    def measure(self, case, library, count):
        """The sample of so many repetitions."""
        if case.name == "import":
            return measure_import(library, count)
        if case.name in PAIRS and case.transport != "inproc":
            return self._two_processes(case, library, count)
        return self._one_process(case, library, count)

    def _one_process(self, case, library, count):
        job, shared = SINGLE[case.section]
        role, command = f"{library} receiver", self._libraries[library].command
        together = case.libraries if job == "loop" else BINDINGS
        if shared and library in together:
            # Loops have processes of their own: those who have imported gevent or trio may be slower.
            role = f"{case.name.partition(':')[0]} loop" if job == "loop" else "bindings"
            command = python_command(*(MODULES[name] for name in together if name in self._libraries))
        if case.section == "memory":
            role = f"{library} memory"  # has to be new
            self._pool.stop(role)
        subject = case.transport or case.name
        return self._pool.measure(role, command, numbered(job, case), subject, case.size, count, *module(library))

    def _two_processes(self, case, library, count):
        binds, connects, telling = PAIRS[case.name]
        batch = "-batch" if case.name == "batch" and library == OURS else ""
        roles = [f"{library} {role}" for role in ("receiver", "sender")]
        workers = [self._pool.get(role, self._libraries[library].command) for role in roles]
        try:
            workers[0].ask(numbered(binds + batch, case), self._endpoint(case.transport), case.size, count)
            bound = collect(workers[0])[0]["endpoint"]
            workers[1].ask(numbered(connects + batch, case), bound, case.size, count)
            samples = collect(*workers)
            for worker in workers:
                worker.ask()  # both are done and may close
        except WorkerFailed:
            for role in roles:
                self._pool.stop(role)
            raise
        of_both = {what: sum(sample[what] for sample in samples) for what in ("user", "system") if what in samples[0]}
        return samples[telling] | of_both

    def _endpoint(self, transport):
        """Where to bind: a port the system chooses, or a file nobody has used yet."""
        return "tcp://127.0.0.1:*" if transport == "tcp" else f"ipc://{self._directory}/{next(self._serial)}"


def numbered(job, case):
    """The job with the number of the case."""
    return job if case.number is None else f"{job}/{case.number}"


def module(library):
    """The word that tells a worker of several libraries which one is meant."""
    return (MODULES[library],) if library in MODULES else ()


def measure_import(library, count):
    """The time an interpreter that imports takes beyond one that does not: medians of `count` runs each."""
    bare, importing = [], []
    for _ in range(count):
        bare.append(time_interpreter("pass"))
        importing.append(time_interpreter(f"import {MODULES[library]}"))
    return {"count": 1, "seconds": median(importing) - median(bare)}


def time_interpreter(statement):
    """Seconds from the start of an interpreter to its end."""
    start = time.perf_counter()
    try:
        # In another directory than the repository, `import zmqbind` finds what is installed.
        subprocess.run(
            [sys.executable, "-c", statement],
            check=True,
            timeout=TIMEOUT,
            capture_output=True,
            start_new_session=True,
            cwd=tempfile.gettempdir(),
            env=WITH_BYTECODE,
        )
    except subprocess.SubprocessError as error:
        raise WorkerFailed(str(error)) from None
    return time.perf_counter() - start
