"""Other people's programs on zmqbind. `make programs` installs them in a Python environment of their own, beside the
PyZMQ that they ask for, and names that Python in ZMQBIND_PROGRAMS; else these tests are skipped.
"""

import os
from pathlib import Path

import pytest
import running

PYTHON = os.environ.get("ZMQBIND_PROGRAMS")


@pytest.fixture
def start(tmp_path):
    """``start(*arguments)``: runs ``zmqbind run`` with these until the test ends, in `tmp_path`, which is its home too."""
    if PYTHON is None:
        pytest.skip("`make programs` runs it")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON"))}
    environment["HOME"] = str(tmp_path)
    with running.programs() as start:
        yield lambda *arguments: start(
            [PYTHON, "-u", "-m", "zmqbind", "run", *map(str, arguments)], cwd=tmp_path, env=environment
        )


@pytest.fixture
def uses_zmqbind():
    """``uses_zmqbind(pid)``: whether a process has loaded zmqbind, and nothing of PyZMQ."""

    def uses_zmqbind(pid):
        mapped = {line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()}
        packages = {Path(path).parent.name for path in mapped if "zmq" in path and ".so" in path}
        return "zmqbind" in packages and not packages & {"cython", "pyzmq.libs"}

    return uses_zmqbind
