"""ipyparallel on zmqbind: a controller, made of devices and streams, engines, and a client with a loop in a thread."""

from pathlib import Path


def test_ipyparallel(start):
    output = start(Path(__file__).with_name("parallel.py")).finish()
    bindings, squares, sums, end = output.splitlines()[-4:]
    assert bindings.split() == ["zmqbind.socket"] * 3
    assert squares == str([number**2 for number in range(10)])
    assert sums == str([sum(range(1_000_000))] * 2)
    assert end == "The end"
