"""Run by test_notebook.py: a notebook that is executed by nbclient. Prints what its cells wrote, as JSON."""

import json
import sys

import nbformat
import zmq
from nbclient import NotebookClient

# One line, much output, an error, whose child the kernel is, what of PyZMQ it has loaded, something awaited.
CELLS = [
    "from zmq.asyncio import Socket\nprint(Socket.__module__)",
    "for i in range(20_000):\n    print(i)",
    "1 / 0",
    "import os\nprint(os.getppid())",
    "import sys\nprint(*sorted(name for name in sys.modules if name.startswith('zmq.backend')))",
    "import asyncio\nprint(await asyncio.sleep(0.01, 'awaited'))",
]


def main():
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    written = []
    for cell in notebook.cells:
        texts = [output.get("text", output.get("ename", "")) for output in cell.outputs]
        written.append("".join(texts))
    json.dump({"client": zmq.Socket.__module__, "cells": written}, sys.stdout)


main()
