"""Other people's programs on zmqbind. `make programs` installs them in a Python environment of their own, beside the
PyZMQ that they ask for, and names that Python in ZMQBIND_PROGRAMS; else these tests are skipped.
"""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
import running

PYTHON = os.environ.get("ZMQBIND_PROGRAMS")


@pytest.fixture
def start(tmp_path):
    """``start(*arguments)``: runs ``zmqbind run`` with these in `tmp_path`, its home, until the test ends."""
    if PYTHON is None:
        pytest.skip("`make programs` runs it")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON"))}
    environment["HOME"] = str(tmp_path)
    started = []
    with running.programs() as start_command:

        def start(*arguments):
            command = [PYTHON, "-u", "-m", "zmqbind", "run", *map(str, arguments)]
            started.append(start_command(command, cwd=tmp_path, env=environment))
            return started[-1]

        yield start
        for program in started:  # whose own children would survive if it were killed
            program.process.terminate()
        for program in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.process.wait(running.PATIENCE)


@pytest.fixture
def uses_zmqbind():
    """``uses_zmqbind(pid)``: whether a process has loaded zmqbind, and nothing of PyZMQ."""

    def uses_zmqbind(pid):
        mapped = {line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()}
        packages = {Path(path).parent.name for path in mapped if "zmq" in path and ".so" in path}
        return "zmqbind" in packages and not packages & {"cython", "pyzmq.libs"}

    return uses_zmqbind
