"""A notebook, executed by nbclient with jupyter_client in a kernel of ipykernel, all of it on zmqbind."""

import json
from pathlib import Path


def test_notebook(start):
    program = start(Path(__file__).with_name("notebook.py"))
    written = json.loads(program.finish().splitlines()[-1])
    first, numbers, error, parent, backend, last = written["cells"]
    assert (written["client"], first) == ("zmqbind.socket", "zmqbind.asyncio\n")
    assert numbers == "".join(f"{number}\n" for number in range(20_000))
    assert error == "ZeroDivisionError"
    assert int(parent) == program.process.pid
    assert backend == "\n"
    assert last == "awaited\n"
