"""Count the instructions that one operation takes, and say where they go: see docs/performance.md.

    python tools/instructions.py send-recv|nocopy|batch SIZE [c]

Runs the operation over an inproc pair under valgrind's callgrind, a few times and many times; what the runs differ by
is the operation's. That is the same to within one instruction on a busy machine and on an idle one. With `c` it is
the C program of the benchmarks that is looked at, which `make bench` compiles.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BASELINE = Path(__file__).resolve().parent.parent / "build" / "bench" / "baseline"
FEW, MANY = 2_000, 12_000
BATCH = 100  # messages
SHOWN = 3  # instructions; functions of fewer are left out
LINE = re.compile(r"\s*([\d,]+)\s+(.*)")


def run(name, size, count):
    """Do the operation `count` times; a batch counts as its messages."""
    import zmqbind as zmq

    gc.disable()
    context = zmq.Context()
    a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    b.bind("inproc://operation")
    a.connect("inproc://operation")
    data = bytes(size)
    if name == "batch":
        send, recv, messages = a.send_batch, b.recv_batch, [data] * BATCH
        for _ in range(count // BATCH):
            send(messages)
            recv(BATCH)
    elif name == "nocopy":
        send, recv = a.send, b.recv
        for _ in range(count):
            send(data, copy=False)
            recv(copy=False)
    else:
        send, recv = a.send, b.recv
        for _ in range(count):
            send(data)
            recv()
    context.destroy(linger=0)


def profile(command, job, directory, count):
    """Instructions by function."""
    output = Path(directory, str(count))
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run([*valgrind, *command], input=job, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    annotate = ["callgrind_annotate", "--threshold=100", "--auto=no", "--show-percs=no", str(output)]
    text = subprocess.run(annotate, capture_output=True, text=True, check=True).stdout
    found = {}
    for number, function in (match.groups() for match in map(LINE.match, text.splitlines()) if match):
        name = re.sub(r"^\S*?:(?!:)|\[.*/", lambda match: "[" * match[0].startswith("["), function)
        found[name] = found.get(name, 0) + int(number.replace(",", ""))
    return found


def main(name, size, program=None):
    """Print what an operation takes, first of all together."""
    runs = []
    with tempfile.TemporaryDirectory() as directory:
        for count in (FEW, MANY):
            if program == "c":
                operation = "send-recv" if name == "batch" else name
                command, job = [BASELINE], f"operation {operation} {size} {count}\n"
            else:
                command, job = [sys.executable, __file__, "run", name, size, str(count)], ""
            runs.append(profile(command, job, directory, count))
    few, many = runs
    each = {function: (number - few.get(function, 0)) / (MANY - FEW) for function, number in many.items()}
    for function, number in sorted(each.items(), key=lambda item: -item[1]):
        if number >= SHOWN:
            print(f"{number:10.1f}  {function}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif len(sys.argv) in (3, 4):
        main(*sys.argv[1:])
    else:
        sys.exit(__doc__)
