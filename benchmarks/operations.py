"""Single operations: both bindings in one process, C in another, and the time an import takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from statistics import median

from .libraries import MODULES
from .processes import TIMEOUT, WorkerFailed, python_command
from .rounds import Case


@dataclass(frozen=True)
class Operation:
    """One operation, by its name in python/operations.py and c/operations.c."""

    name: str
    size: int
    label: str
    target: float | None = None  # PyZMQ's time by ours, as the issue asks for
    in_c: bool = True


OPERATIONS = (
    Operation("send-recv", 10, "send+recv 10 B", 2.8),
    Operation("send-recv", 1_000, "send+recv 1000 B", 2.2),
    Operation("send-recv", 100_000, "send+recv 100 KB", 1.5),
    Operation("send-recv", 1_000_000, "send+recv 1 MB", 8),
    Operation("nocopy", 10, "copy=False 10 B", 3),
    Operation("nocopy", 100_000, "copy=False 100 KB", 15),
    Operation("nocopy", 1_000_000, "copy=False 1 MB", 15),
    Operation("pyobj", 10_000_000, "array 10 MB, ipc", 3, in_c=False),
    Operation("multipart", 10, "multipart 3 x 10 B", 6),
    Operation("string", 10, "string 10 B", 3, in_c=False),
    Operation("getsockopt", 10, "getsockopt(LINGER)", 3),
    Operation("get", 10, "get(LINGER)", 3, in_c=False),
    Operation("attribute", 10, "socket.linger", 5, in_c=False),
    Operation("poll-ready", 10, "Poller, 1 ready", 3),
    Operation("poll-idle", 10, "Poller, 100 idle", 3),
    Operation("socket-poll", 10, "Socket.poll(0)", 4),
)
IMPORT_TARGET = 2
IMPORTS = 5  # imports in each round

# Installed packages have compiled bytecode; let an editable install have it too.
WITH_BYTECODE = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def cases(libraries, pool, imports=IMPORTS):
    """All operations as cases."""
    bindings = tuple(name for name in libraries if name in MODULES)
    made = [operation_case(operation, libraries, bindings, pool) for operation in OPERATIONS]
    made.append(
        Case(
            section="operation",
            name="import",
            size=0,
            libraries=bindings,
            measure=measure_import,
            label="import",
            targets={"pyzmq": IMPORT_TARGET},
            fixed_count=imports,
        )
    )
    return made


def operation_case(operation, libraries, bindings, pool):
    """The case that measures one operation."""

    def measure(library, count):
        if library in bindings:
            job = ("operation", operation.name, operation.size, count, MODULES[library])
            return pool.measure("bindings", python_command(*(MODULES[name] for name in bindings)), *job)
        job = ("operation", operation.name, operation.size, count)
        return pool.measure(f"{library} operations", libraries[library].command, *job)

    return Case(
        section="operation",
        name=operation.name,
        size=operation.size,
        libraries=tuple(name for name in libraries if operation.in_c or name in bindings),
        measure=measure,
        label=operation.label,
        targets={"pyzmq": operation.target} if operation.target else {},
    )


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
