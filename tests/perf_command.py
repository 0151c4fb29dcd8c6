"""Runs ``zmqbind perf`` as users do, for the tests of it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import zmqbind

try:
    import jsonschema
except ImportError:  # beside free-threaded Python
    jsonschema = None

NEEDED = {"uvloop": ["uvloop"], "trio": ["anyio", "trio"]}
# Beside free-threaded Python not all of them can be had.
HERE = [
    api
    for api in ("single", "batch", "multipart", "zero-copy", "asyncio", "uvloop", "trio")
    if all(importlib.util.find_spec(module) for module in NEEDED.get(api, ()))
]
SHORT = ["--count", "30", "--warm-up", "0", "--rounds", "1"]
FOR_EVER = ["--time", "600", "--warm-up", "0.01", "--rounds", "1"]


def command(*arguments):
    return [sys.executable, "-m", "zmqbind", "perf", *map(str, arguments)]


def run(*arguments):
    """Run it to its end; return what came of it."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=50)


def start(*arguments, before=()):
    """Start it, after the words of another command."""
    pipe = subprocess.PIPE
    return subprocess.Popen([*before, *command(*arguments)], stdout=pipe, stderr=pipe, text=True)


def finish(process, timeout=40):
    """Its exit status, output and complaints."""
    try:
        output, complaints = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return process.returncode, output, complaints


def read(path):
    """A results file, which has to be as the schema says, where that can be checked."""
    document = json.loads(path.read_text())
    if jsonschema is not None:
        schema = json.loads(Path(zmqbind.__file__).with_name("perf").joinpath("schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
    return document
