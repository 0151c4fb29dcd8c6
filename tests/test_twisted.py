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


def test_what_callbacks_do_to_others(run):
    assert (
        run("""
async def main(context):
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    sender.bind("inproc://x"); receiver.connect("inproc://x")
    received, deferreds, last = [], [], Deferred()
    def on_result(result, number):
        received.append((number, getattr(result, "type", result)))
        if number == 0:
            for deferred in deferreds[:3]:  # this one has fired
                deferred.cancel()
        if number == 4:
            receiver.close()
        if number == 5:
            last.callback(None)
        raise SystemExit("stays in the Deferred")
    for number in range(6):
        deferreds.append(receiver.recv().addBoth(on_result, number))
    deferreds[3].callback("mine")  # so it does not take a message from the others
    for number in range(2):
        await sender.send(b"%d" % number)
    await last
    for deferred in deferreds:
        deferred.addErrback(lambda failure: failure.trap(SystemExit))
    print(*(result if isinstance(result, (bytes, str)) else result.__name__ for _, result in sorted(received)))
""")
        == "b'0' CancelledError CancelledError mine b'1' CancelledError\n"
    )


def test_what_begins_to_wait_while_a_socket_is_closed_is_cancelled(run):
    assert (
        run("""
async def main(context):
    socket = context.socket(zmq.PULL)
    failures = []
    def again(failure):
        failures.append(failure.type.__name__)
        if len(failures) < 3:
            socket.recv().addErrback(again)
    socket.recv().addErrback(again)
    socket.close()
    print(failures, any("zmqbind" in type(reader).__module__ for reader in reactor.getReaders()))
""")
        == "['CancelledError', 'CancelledError', 'CancelledError'] False\n"
    )


def test_what_waits_is_cancelled_when_the_reactor_stops(run):
    assert (
        run("""
class Printer(ZMQProtocol):
    def connectionLost(self, reason):
        print(reason.type.__name__)
async def main(context):
    global keep
    keep = Context()
    first, paused, sender, full = [keep.socket(kind) for kind in (zmq.PULL, zmq.PULL, zmq.PUSH, zmq.PUSH)]
    first.recv().addErrback(lambda failure: print(failure.type.__name__))
    ZMQTransport(paused, Printer()).pauseProducing()
    ZMQTransport(sender, Printer())
    transport = ZMQTransport(full, Printer())
    transport.sendMessage([b""])
    transport.loseConnection()
    ZMQTransport(keep.socket(zmq.PULL), Printer())
""")
        .splitlines()
        .count("ConnectionLost")
        == 4
    )


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


PAIR = """
def pair(context, first=zmq.PUSH, second=zmq.PULL, **options):
    sockets = context.socket(first), context.socket(second)
    for socket in sockets:
        for name, value in options.items():
            setattr(socket, name, value)
    sockets[0].bind(f"inproc://{id(sockets[0])}")
    sockets[1].connect(sockets[0].last_endpoint.decode())
    return sockets
class Printer(ZMQProtocol):
    def connectionLost(self, reason):
        print("lost", reason.type.__name__)
"""


def printed(output):
    """What a test printed itself; the rest is what was logged."""
    return [line for line in output.splitlines() if line.startswith(("lost", "-"))]


def test_what_protocols_raise_is_logged_and_the_end_comes_once(run):
    output = run(
        PAIR
        + """
class Fails(Printer):
    received = []
    def messageReceived(self, parts):
        self.received.append(parts)
        raise [SystemExit, KeyboardInterrupt, CancelledError][len(self.received) - 1]("in messageReceived")
    def connectionLost(self, reason):
        super().connectionLost(reason)
        self.transport.loseConnection()
        raise ValueError("in connectionLost")
class Refuses(ZMQProtocol):
    def connectionMade(self):
        raise ValueError("in connectionMade")
async def main(context):
    sender, receiver = pair(context)
    try:
        ZMQTransport(sender, Refuses())
    except ValueError as error:
        print("-", error, sender.closed)
    transport = ZMQTransport(receiver, Fails())
    for number in range(3):
        await sender.send(b"%d" % number)
    while len(Fails.received) < 3:
        await task.deferLater(reactor, 0)
    transport.abortConnection()
    transport.abortConnection()
"""
    )
    assert printed(output) == ["- in connectionMade False", "lost ConnectionAborted"]
    assert output.count(": in messageReceived") == 3 and output.count("ValueError: in connectionLost") == 1
    assert "Unhandled error in Deferred" not in output


def test_protocols_hear_of_sockets_and_contexts_that_end(run):
    output = run(
        PAIR
        + """
from twisted.internet.threads import deferToThread
async def main(context):
    for number in range(3):
        sockets = pair(context)
        transports = [ZMQTransport(socket, Printer()) for socket in sockets]
        if number == 2:
            transports[1].pauseProducing()
        sockets[min(number, 1)].close()
        sockets[not number].close()
    other = Context()
    transports = [ZMQTransport(socket, Printer()) for socket in pair(other)]
    transports[1].pauseProducing()
    await deferToThread(other.term)
"""
    )
    assert printed(output) == ["lost ConnectionDone"] * 6 + ["lost ContextTerminated"] * 2


def test_request_and_reply_by_protocols(run):
    output = run(
        PAIR
        + """
class Later(Printer):
    def messageReceived(self, parts):
        reactor.callLater(0, self.transport.sendMessage, parts + [b"!"])
class Asks(Printer):
    def connectionMade(self):
        self.replies = []
        self.transport.sendMessage([b"0"])
    def messageReceived(self, parts):
        self.replies.append(parts)
        if len(self.replies) == 3:
            enough.callback(None)
        else:
            self.transport.sendMessage([b"%d" % len(self.replies)])
async def main(context):
    global enough
    enough = Deferred()
    server, client = pair(context, zmq.REP, zmq.REQ)
    ZMQTransport(server, Later())
    asks = Asks()
    ZMQTransport(client, asks)
    await enough
    print("-", asks.replies)
"""
    )
    assert printed(output)[0] == "- [[b'0', b'!'], [b'1', b'!'], [b'2', b'!']]"


def test_the_end_waits_for_messages_and_producers(run):
    output = run(
        PAIR
        + """
import io
from twisted.protocols.basic import FileSender
async def main(context):
    sender, receiver = pair(context, sndhwm=1, rcvhwm=1)
    transport = ZMQTransport(sender, Printer())
    for number in range(9):
        transport.sendMessage([b"%d" % number])
    file_sender = FileSender()
    file_sender.CHUNK_SIZE = 3
    sent = file_sender.beginFileTransfer(io.BytesIO(b"0123456789" * 3), transport)
    transport.loseConnection()
    print("-", [await receiver.recv() for _ in range(9)] == [b"%d" % number for number in range(9)])
    print("-", b"".join([await receiver.recv() for _ in range(10)]))
    await sent
"""
    )
    assert printed(output) == ["- True", "- " + repr(b"0123456789" * 3), "lost ConnectionDone"]


def test_producers_that_raise_stop_nothing(run):
    output = run(
        PAIR
        + """
class Fails:
    def pauseProducing(self):
        raise ValueError("in pauseProducing")
    def resumeProducing(self):
        raise ValueError("in resumeProducing")
    def stopProducing(self):
        raise ValueError("in stopProducing")
async def main(context):
    sender, receiver = pair(context, sndhwm=1, rcvhwm=1)
    transport = ZMQTransport(sender, Printer())
    transport.registerProducer(Fails(), True)
    for number in range(9):
        transport.sendMessage([b"%d" % number])
    print("-", [int(await receiver.recv()) for _ in range(9)] == list(range(9)))
    sender.close()
"""
    )
    assert printed(output) == ["- True", "lost ConnectionDone"]
    for name in ("pause", "resume", "stop"):
        assert f"ValueError: in {name}Producing" in output


def test_producers_are_not_asked_for_more_when_the_socket_closes_while_messages_wait(run):
    output = run(
        PAIR
        + """
class Producer:
    def pauseProducing(self):
        print("- paused")
    def resumeProducing(self):
        print("- resumed")
    def stopProducing(self):
        print("- stopped")
async def main(context):
    sender, receiver = pair(context, sndhwm=1, rcvhwm=1)
    transport = ZMQTransport(sender, Printer())
    transport.registerProducer(Producer(), True)
    for _ in range(9):
        transport.sendMessage([b""])
    sender.close()
"""
    )
    assert printed(output) == ["- paused", "- stopped", "lost ConnectionDone"]


def test_500_transports(run):
    output = run(
        PAIR
        + """
class Counter(ZMQProtocol):
    count = ended = 0
    def messageReceived(self, parts):
        Counter.count += 1
        if Counter.count == 750:
            enough.callback(None)
    def connectionLost(self, reason):
        Counter.ended += 1
async def main(context):
    global enough
    enough = Deferred()
    pairs = [[ZMQTransport(socket, Counter()) for socket in pair(context)] for _ in range(250)]
    for _ in range(3):
        for sender, _ in pairs:
            sender.sendMessage([b""])
    await enough
    for transports in pairs:
        for transport in transports:
            transport.loseConnection()
    print("-", Counter.ended)
"""
    )
    assert printed(output) == ["- 500"]


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
