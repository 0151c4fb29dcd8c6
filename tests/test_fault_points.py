"""Fault injection knows every function of libzmq that zmqbind calls."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# They fail only for what is no message or socket, if at all.
CANNOT_FAIL = {
    "zmq_errno",
    "zmq_has",
    "zmq_msg_close",
    "zmq_msg_data",
    "zmq_msg_init",
    "zmq_msg_more",
    "zmq_msg_move",
    "zmq_msg_size",
    "zmq_stopwatch_start",
    "zmq_stopwatch_stop",
    "zmq_strerror",
    "zmq_version",
}


def test_every_call_can_be_made_to_fail():
    sources = "".join(file.read_text() for file in (ROOT / "src").glob("*.pyx"))
    header = (ROOT / "src/faults.h").read_text()
    declared = set(re.findall(r"\b(zmq_\w+)\(", (ROOT / "zmqbind/libzmq.pxd").read_text()))
    platform = set(re.findall(r"\b(zmq_\w+)\(", (ROOT / "src/platform.h").read_text()))
    called = {name for name in declared if re.search(rf"\b{name}\b(?= as|\(|,)", sources)} | platform
    covered = set(re.findall(r"^(?:#define |ZB_FAULTY_ENDPOINT\()(zmq_\w+)", header, re.MULTILINE))
    assert called
    assert called - covered == (called & CANNOT_FAIL) - covered
