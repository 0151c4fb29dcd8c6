"""circus, a supervisor of processes that is told what to do over ZeroMQ, on zmqbind."""

import json
import sys

from running import PATIENCE

import zmqbind as zmq

CONFIGURATION = """
[circus]
endpoint = ipc://{path}/commands
pubsub_endpoint = ipc://{path}/events
stats_endpoint = ipc://{path}/statistics
check_delay = 1
statsd = true

[watcher:sleeper]
cmd = {python} -c "import signal; signal.pause()"
numprocesses = 2
graceful_timeout = 10
"""


def test_circus(start, uses_zmqbind, make_socket, tmp_path):
    (tmp_path / "circus.ini").write_text(CONFIGURATION.format(path=tmp_path, python=sys.executable))

    def control(*command):
        output = start("-m", "circus.circusctl", "--endpoint", f"ipc://{tmp_path}/commands", *command).finish()
        return output.splitlines()[-1]

    events = make_socket(zmq.SUB, subscribe="watcher.sleeper.", rcvtimeo=PATIENCE * 1000)
    events.connect(f"ipc://{tmp_path}/events")
    circus = start("-m", "circus.circusd", "circus.ini")
    circus.wait_for("sleeper started")
    assert uses_zmqbind(circus.process.pid)
    statistics = int(circus.wait_for(r"circus\[(\d+)\] .*Starting the stats streamer"))
    assert uses_zmqbind(statistics)
    assert control("status", "sleeper") == "active"
    assert control("numprocesses", "sleeper") == "2"
    assert control("incr", "sleeper") == "ok"
    assert control("numprocesses", "sleeper") == "3"
    assert control("stop", "sleeper", "--waiting") == "ok"
    assert control("status", "sleeper") == "stopped"
    topic = b""
    while topic != b"watcher.sleeper.stop":
        topic, event = events.recv_multipart()
        json.loads(event)
    assert control("quit", "--waiting") == "ok"
    circus.finish()
