"""circus, a supervisor of processes that is told what to do over ZeroMQ, on zmqbind."""

import signal
import sys

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


def test_circus(start, uses_zmqbind, tmp_path):
    (tmp_path / "circus.ini").write_text(CONFIGURATION.format(path=tmp_path, python=sys.executable))

    def control(*command):
        output = start("-m", "circus.circusctl", "--endpoint", f"ipc://{tmp_path}/commands", *command).finish()
        return output.splitlines()[-1]

    circus = start("-m", "circus.circusd", "circus.ini")
    circus.wait_for(r"Arbiter now waiting for commands")
    assert uses_zmqbind(circus.process.pid)
    assert control("status", "sleeper") == "active"
    assert control("numprocesses", "sleeper") == "2"
    events = start("-m", "circus.circusctl", "--endpoint", f"ipc://{tmp_path}/commands", "listen", "watcher")
    while "spawn" not in events.output:  # what happened before the subscription had arrived is not shown
        assert control("incr", "sleeper") in "345678"
        events.wait_for(r"watcher\.sleeper\.")
    events.process.send_signal(signal.SIGINT)
    assert control("quit", "--waiting") == "ok"
    circus.finish()
