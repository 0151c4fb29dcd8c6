"""Twisted: what is special to it, on two reactors, each in a process of its own. The shared behaviours: loops/."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("twisted")

TESTS = Path(__file__).parent

START = """
import sys
from twisted.internet import asyncioreactor, epollreactor
{"asyncio": asyncioreactor, "epoll": epollreactor}[sys.argv[1]].install()
from twisted.internet import reactor, task
from twisted.internet.defer import CancelledError, Deferred
import zmqbind as zmq
from zmqbind.twisted import Context, ZMQProtocol, ZMQTransport
"""


@pytest.fixture(params=["epoll", "asyncio"])
def run(request, run_python):
    """``run(code)``: runs main(context) of the code on a reactor; returns what it prints."""

    def run(code):
        end = """
async def started(reactor):
    context = Context()
    try:
        await main(context)
    finally:
        context.destroy(linger=0)
task.react(started)
"""
        return run_python(START + code + end, request.param)

    return run


def test_importing_installs_no_reactor_and_imports_no_other_loop(run_python):
    code = """
    import sys
    import zmqbind.twisted
    # Twisted itself imports asyncio.
    print({"tornado", "gevent", "trio", "anyio", "twisted.internet.reactor"} & set(sys.modules))
    """
    assert run_python(code) == "set()\n"


def test_results_changed_by_callbacks_are_not_seen_by_others(run):
    assert (
        run("""
async def main(context):
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    sender.bind("inproc://x"); receiver.connect("inproc://x")
    sender.send(b"1").addCallback(lambda result: "changed")
    print(await sender.send(b"2"), await receiver.recv(), await receiver.recv())
""")
        == "None b'1' b'2'\n"
    )


def test_callbacks_that_receive_again_let_the_reactor_have_turns(run):
    assert (
        run("""
async def main(context):
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    sender.bind("inproc://x"); receiver.connect("inproc://x")
    received, marks = [], []
    def again(message):
        received.append(message)
        receiver.recv().addCallbacks(again, lambda failure: None)
    receiver.recv().addCallback(again)
    for number in range(900):
        await sender.send(b"")
    while len(received) < 900:
        before = len(received)
        await task.deferLater(reactor, 0)
        marks.append(len(received) - before)
    print(max(marks) <= 300)
""")
        == "True\n"
    )


def test_what_waits_is_cancelled_when_the_reactor_stops(run):
    assert run("""
class Printer(ZMQProtocol):
    def connectionLost(self, reason):
        print(reason.type.__name__)
async def main(context):
    global socket, other, keep
    keep = Context()
    socket, other = keep.socket(zmq.PULL), keep.socket(zmq.PULL)
    socket.recv().addErrback(lambda failure: print(failure.type.__name__))
    ZMQTransport(other, Printer())
""").split() in (["CancelledError", "ConnectionLost"], ["ConnectionLost", "CancelledError"])


def test_protocols_pause_resume_and_log(run):
    output = run("""
class Collector(ZMQProtocol):
    def __init__(self):
        self.received, self.third = [], Deferred()
    def messageReceived(self, parts):
        self.received.append(parts)
        if parts == [b"2", b"x"]:
            self.transport.pauseProducing()
            raise ValueError("is logged")
        if parts == [b"3"]:
            self.third.callback(None)
    def connectionLost(self, reason):
        print("lost", reason.type.__name__)
async def main(context):
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    sender.bind("inproc://x"); receiver.connect("inproc://x")
    collector = Collector()
    transport = ZMQTransport(receiver, collector)
    for message in ([b"1"], [b"2", b"x"], [b"3"]):
        await sender.send_multipart(message)
    while len(collector.received) < 2:
        await task.deferLater(reactor, 0)
    print("received", collector.received)
    transport.resumeProducing()
    await collector.third
    transport.loseConnection()
    print("lost", receiver.closed)
""")
    assert "ValueError: is logged" in output
    lines = [line for line in output.splitlines() if line.startswith(("received", "lost"))]
    assert lines == ["received [[b'1'], [b'2', b'x']]", "lost ConnectionDone", "lost True"]


def test_producers_are_paused_at_the_high_water_mark(run):
    assert run("""
class Producer:
    sent, paused = 0, False
    def pauseProducing(self):
        self.paused = True
    def resumeProducing(self):
        self.paused = False
        while self.sent < 50 and not self.paused:
            self.sent += 1
            transport.sendMessage([b"%d" % self.sent])
    def stopProducing(self):
        print("stopped")
async def main(context):
    global transport
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    sender.sndhwm = receiver.rcvhwm = 2
    sender.bind("inproc://x"); receiver.connect("inproc://x")
    transport, producer = ZMQTransport(sender, ZMQProtocol()), Producer()
    transport.registerProducer(producer, True)
    producer.resumeProducing()
    print(producer.paused, producer.sent < 50)
    print([int(await receiver.recv()) for _ in range(50)] == list(range(1, 51)))
    transport.abortConnection()
""").splitlines() == ["True True", "True", "stopped"]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("file", "selection"),
    [("test_behaviour.py", "twisted"), ("test_cancellation.py", "twisted and alone and (Single or BatchMultipart)")],
)
def test_the_shared_tests_on_the_asyncio_reactor(file, selection):
    command = [sys.executable, "-m", "pytest", "-q", "-n0", f"tests/loops/{file}", "-k", selection]
    environment = {**os.environ, "ZMQBIND_REACTOR": "asyncioreactor"}
    subprocess.run(command, cwd=TESTS.parent, env=environment, check=True, timeout=200)
