"""zmqbind and PyZMQ in one process, in either order of import: each keeps to its own libzmq."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "peers" / "two_libraries.py"

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("zmq"), reason="PyZMQ is not installed")


@pytest.mark.parametrize("order", [("zmqbind", "zmq"), ("zmq", "zmqbind")], ids="-then-".join)
def test_both_in_one_process(order):
    done = subprocess.run([sys.executable, PROGRAM, *order], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout) == (0, "both work\n"), done.stderr
