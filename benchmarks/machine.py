"""What class of machine this is: nothing that tells which one."""

from __future__ import annotations

import os
import platform

from zmqbind.perf.machine import cores, processor


def describe():
    """Operating system, architecture, processor, cores, memory and load."""
    return {
        "system": platform.system(),
        "release": platform.release().partition("-")[0],
        "architecture": platform.machine(),
        "processor": processor(),
        "cores": cores(),
        "memory_gib": memory(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def memory():
    """GiB of memory, or None where the system does not tell."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
    except (AttributeError, OSError, ValueError):
        return None
