"""Every program under examples/ runs as the processes a reader would start, and prints what it should."""

from __future__ import annotations

import pathlib
import re
import socket
import subprocess
import sys

import pytest
import running
from running import ANY_PORT

import zmqbind as zmq
import zmqbind.log
from zmqbind.auth import load_certificate


@pytest.fixture
def start():
    """``start(script, *args)``: runs an example until the test ends."""
    with running.examples() as start:
        yield start


def test_request_reply(start):
    server = start("request_reply/server.py", ANY_PORT)
    endpoint = server.wait_for(r"Listening on (tcp://127\.0\.0\.1:\d+)$")
    for _ in range(2):
        output = start("request_reply/client.py", endpoint).finish()
        assert output == "The server answered: Lentil soup, and there is enough for two.\n"
        server.wait_for(r"^The client said: What's for lunch\?$")
    assert server.interrupt().endswith("Closing the kitchen\n")


def test_request_reply_uses_port_5000_by_default(start):
    server = start("request_reply/server.py")
    try:
        assert server.wait_for(r"Listening on (\S+)") == "tcp://127.0.0.1:5000"
    except pytest.fail.Exception:
        # Someone else has the port, which is no fault of the example: it must have said which one.
        assert "Address already in use" in server.output
        assert "tcp://127.0.0.1:5000" in server.output
        pytest.skip("port 5000 of this machine is taken")
    assert start("request_reply/client.py").finish().startswith("The server answered: ")
    server.interrupt()


def test_the_client_can_be_interrupted_while_there_is_no_server(start):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = start("request_reply/client.py", "tcp://{}:{}".format(*silent.getsockname()))
        silent.accept()[0].close()
        assert client.interrupt() == "Nobody answered\n"


def test_publish_subscribe(start):
    publisher = start("publish_subscribe/publisher.py", ANY_PORT)
    endpoint = publisher.wait_for(r"Publishing on (\S+)")
    subscribers = {
        "oslo": start("publish_subscribe/subscriber.py", endpoint),
        "lima": start("publish_subscribe/subscriber.py", endpoint, "lima"),
        "pune": start("publish_subscribe/subscriber.py", endpoint, "pune"),
    }
    for city, subscriber in subscribers.items():
        lines = subscriber.finish().splitlines()
        assert len(lines) == 5
        for line in lines:
            assert re.fullmatch(rf"{city}: -?\d+ degrees", line)
    assert publisher.interrupt().endswith("No more readings\n")


def test_pipeline(start):
    sink = start("pipeline/sink.py", ANY_PORT)
    results = sink.wait_for(r"Collecting results on (\S+)")
    ventilator = start("pipeline/ventilator.py", ANY_PORT)
    tasks = ventilator.wait_for(r"Handing out tasks on (\S+)")
    workers = [start("pipeline/worker.py", tasks, results) for _ in range(2)]
    for worker in workers:
        worker.wait_for("is ready")
    assert ventilator.finish().endswith("All tasks handed out\n")
    output = sink.finish()
    assert output.endswith("The squares of 1 to 20 sum up to 2870\n")
    assert sum(map(int, re.findall(r"^worker \d+ did (\d+) tasks$", output, re.MULTILINE))) == 20
    for worker in workers:
        assert worker.interrupt().endswith("goes home\n")


def test_pipeline_interrupted_while_there_is_no_worker(start):
    ventilator = start("pipeline/ventilator.py", ANY_PORT)
    ventilator.wait_for("Handing out tasks")
    assert ventilator.interrupt().endswith("Stopped early\n")
    sink = start("pipeline/sink.py", ANY_PORT)
    sink.wait_for("Collecting results")
    assert sink.interrupt().endswith("Stopped after 0 results\n")


def test_router_dealer(start):
    broker = start("router_dealer/broker.py", ANY_PORT, ANY_PORT)
    frontend = broker.wait_for(r"Clients on (\S+)")
    backend = broker.wait_for(r"Workers on (\S+)")
    workers = [start("router_dealer/worker.py", backend) for _ in range(2)]
    for worker in workers:
        worker.wait_for("is ready")
    clients = [start("router_dealer/client.py", frontend) for _ in range(3)]
    for client in clients:
        words = [line.split(" for worker ")[0] for line in client.finish().splitlines()]
        assert words == ["stressed is desserts", "drawer is reward", "live is evil"]
    served = sum(worker.interrupt().count("reverses") for worker in workers)
    assert served == 9
    assert broker.interrupt().endswith("The broker stops\n")


def test_polling(start):
    receiver = start("polling/receiver.py", ANY_PORT, ANY_PORT)
    measurements = receiver.wait_for(r"Measurements on (\S+)")
    questions = receiver.wait_for(r"Questions on (\S+)")
    sender = start("polling/sender.py", measurements, questions)
    assert sender.finish() == "The mean is 21.00\nThe receiver is stopping\n"
    output = receiver.finish()
    assert re.findall(r"Measured (\S+)", output) == ["20.5", "21.0", "22.25", "20.25"]
    assert "Asked for mean and answered 21.00\n" in output
    assert output.endswith("Asked for stop and answered stopping\n")


def test_gevent(start):
    pytest.importorskip("gevent")
    server = start("gevent/server.py", ANY_PORT)
    endpoint = server.wait_for(r"Answering on (\S+)")
    output = start("gevent/client.py", endpoint).finish()
    answers = ["Bubo bubo is the eagle owl", "Pica pica is the magpie", "Turdus merula is the blackbird"]
    assert sorted(output.splitlines()) == [*answers, *["tick"] * 3]
    assert server.interrupt().endswith("The server stops\n")


def questions_are_answered(start, server_script, client_script):
    server = start(server_script, ANY_PORT)
    endpoint = server.wait_for(r"Listening on (\S+)")
    for _ in range(2):
        output = start(client_script, endpoint).finish()
        assert output == "".join(f"The server answered: {word}\n" for word in ("WHO", "WHAT", "WHERE"))
    return server


def test_tornado(start):
    pytest.importorskip("tornado")
    server = questions_are_answered(start, "tornado/server.py", "tornado/client.py")
    server.wait_for("Answered 6")
    assert server.interrupt().endswith("The server stops\n")


def test_the_tornado_client_can_be_interrupted_while_there_is_no_server(start):
    pytest.importorskip("tornado")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = start("tornado/client.py", "tcp://{}:{}".format(*silent.getsockname()))
        silent.accept()[0].close()
        assert client.interrupt() == "Nobody answered\n"


def test_twisted(start):
    pytest.importorskip("twisted")
    server = questions_are_answered(start, "twisted/server.py", "twisted/client.py")
    assert server.interrupt().endswith("The server stops\n")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout came with Python 3.11")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_asyncio(start, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    server = start("asyncio/server.py", ANY_PORT, loop)
    endpoint = server.wait_for(rf"Taking orders on (\S+), by {loop}$")
    replies = sorted(start("asyncio/client.py", endpoint, loop).finish().splitlines())
    assert [reply.split(" by ")[0] for reply in replies] == [
        "pizza is not on the menu",
        "roast takes too long",
        "salad",
        "soup",
    ]
    assert server.interrupt().endswith("The kitchen closes\n")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout came with Python 3.11")
def test_the_asyncio_client_can_be_interrupted_while_there_is_no_server(start):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = start("asyncio/client.py", "tcp://{}:{}".format(*silent.getsockname()))
        silent.accept()[0].close()
        assert client.interrupt() == "We eat elsewhere\n"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
@pytest.mark.parametrize("endpoint", ["inproc://weather", ANY_PORT])
def test_anyio(start, loop, endpoint):
    for library in ("anyio", loop):
        pytest.importorskip(library)
    output = start("anyio/weather.py", loop, endpoint).finish()
    *readings, last = output.splitlines()
    assert sorted(readings) == sorted(
        f"{station}: {degrees} degrees"
        for station, reported in {"oslo": [4, 5], "lima": [19, 18], "pune": [31, 33]}.items()
        for degrees in reported
    )
    assert last == "All stations have reported"


def test_devices(start):
    broker = start("devices/broker.py")
    frontend = broker.wait_for(r"Clients on (\S+)")
    backend = broker.wait_for(r"Workers on (\S+)")
    broker.wait_for("Watching")
    worker = start("router_dealer/worker.py", backend)
    words = start("router_dealer/client.py", frontend).finish()
    assert "stressed is desserts" in words
    # What passed before the subscription had arrived is not shown.
    while "1: " not in broker.output:
        start("router_dealer/client.py", frontend).finish()
        broker.wait_for(r"^\d+: (request|reply) '")
    worker.interrupt()
    assert broker.interrupt().endswith("The broker stops\n")


def test_monitoring(start):
    server = start("monitoring/server.py", ANY_PORT)
    endpoint = server.wait_for(r"Listening on (\S+)$")
    output = start("request_reply/client.py", endpoint).finish()
    assert output == "The server answered: Lentil soup\n"
    server.wait_for("^DISCONNECTED ")
    output = server.interrupt()
    for event in ("LISTENING", "ACCEPTED", "HANDSHAKE_SUCCEEDED", "MONITOR_STOPPED"):
        assert f"\n{event} " in f"\n{output}"
    assert output.endswith("The server stops\n")


def test_logging(start):
    worker = start("logging/worker.py", ANY_PORT)
    endpoint = worker.wait_for(r"Publishing on (\S+)")
    watcher = start(pathlib.Path(zmqbind.log.__file__).with_name("__main__.py"), endpoint)
    watcher.wait_for(r"^worker\.INFO\.cake \| piece \d+ is baked$")
    watcher.wait_for(r"^worker\.WARNING\.oven \| WARNING worker\.py:\d+ - is too hot$")
    watcher.interrupt()
    assert worker.interrupt().endswith("The worker stops\n")


def test_curve(start, tmp_path):
    if not zmq.has("curve"):
        pytest.skip("libzmq has no CURVE")
    (tmp_path / "clients").mkdir()
    for arguments in (["server"], ["alice", "--output", "clients"], ["mallory", "--output", "clients"]):
        subprocess.run([sys.executable, "-m", "zmqbind", "keygen", *arguments], cwd=tmp_path, check=True)
    (tmp_path / "clients" / "mallory.key").unlink()  # whom the server so does not know
    server = start("curve/server.py", ANY_PORT, str(tmp_path))
    endpoint = server.wait_for(r"Listening on (\S+)")
    answers = [start("curve/client.py", endpoint, str(tmp_path), name).finish() for name in ("alice", "mallory")]
    assert answers == ["The server answered: Only you can read this.\n", "The server does not let us in\n"]
    public, _ = load_certificate(tmp_path / "clients" / "alice.key")
    output = server.interrupt()
    assert output.count(f"{public.decode()} said: Is anybody listening?") == 1
    assert output.endswith("The server stops\n")


def test_every_example_is_tested():
    """An example that nobody adds here would rot."""
    tests = pathlib.Path(__file__)
    text = tests.read_text() + tests.with_name("test_web_page.py").read_text()
    scripts = {path.relative_to(running.EXAMPLES).as_posix() for path in running.EXAMPLES.glob("*/*.py")}
    assert scripts == set(re.findall(r"\"(\w+/\w+\.py)\"", text))
