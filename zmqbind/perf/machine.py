"""What kind of machine this is, and which versions; nothing that tells which one."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import zmqbind

Machine = dict[str, Any]


def describe() -> Machine:
    return {
        "zmqbind": zmqbind.__version__,
        "libzmq": zmqbind.zmq_version(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": processor(),
        "cores": cores(),
    }


def cores() -> int | None:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def processor() -> str:
    """The processor's own name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def text(machine: Machine) -> str:
    """For people, in one line."""
    return (
        f"{machine['processor'] or machine['architecture']}, {machine['cores']} cores, {machine['system']}, "
        f"{machine['python']}, zmqbind {machine['zmqbind']}, libzmq {machine['libzmq']}"
    )
