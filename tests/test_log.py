"""Log records as messages: what PUBHandler publishes, what TopicLogger adds, what the watcher shows."""

from __future__ import annotations

import logging
import logging.config
import os
import signal
import subprocess
import sys
import threading

import pytest

import zmqbind as zmq
from zmqbind.log.handlers import TOPIC_DELIM, PUBHandler, TopicLogger

PATIENCE = 20_000  # milliseconds; nothing here takes as long


@pytest.fixture
def logger():
    """A logger of its own, of which other handlers see nothing."""
    logger = logging.Logger("test")
    yield logger
    for handler in logger.handlers:
        handler.close()


@pytest.fixture
def publish(make_socket, logger):
    """``publish(**options)``: a PUBHandler of `logger`, and a socket that receives what it publishes."""

    def connect(**options):
        # A PAIR carries what a PUB would, and loses nothing while subscriptions are on their way.
        sender, receiver = make_socket(zmq.PAIR), make_socket(zmq.PAIR, rcvtimeo=PATIENCE)
        receiver.bind("inproc://log")
        sender.connect("inproc://log")
        handler = PUBHandler(sender, **options)
        logger.addHandler(handler)
        return handler, receiver

    return connect


def test_levels_have_formats(publish, logger):
    _, receiver = publish()
    logger.debug("d")
    logger.info("i %s", 5)
    logger.warning("w")
    logger.critical("c")
    found = [receiver.recv_multipart() for _ in range(4)]
    assert [frames[0] for frames in found] == [b"DEBUG", b"INFO", b"WARNING", b"CRITICAL"]
    assert found[1][1] == b"i 5\n"
    name = os.path.basename(__file__)
    for frames in (found[0], found[2], found[3]):
        assert frames[1].decode().startswith(f"{frames[0].decode()} {name}:")
    try:
        raise ValueError("reason")
    except ValueError:
        logger.exception("boom")
    topic, text = receiver.recv_multipart()
    assert topic == b"ERROR"
    assert b"boom" in text
    assert b"Traceback" in text
    assert b"ValueError: reason" in text


def test_topics(publish, logger):
    handler, receiver = publish(root_topic="root")
    assert handler.root_topic == "root"
    seen_elsewhere = []
    other = logging.Handler()
    other.emit = lambda record: seen_elsewhere.append(record.getMessage())
    logger.addHandler(other)
    for message in ("sub.subsub::real", "a::b::c", "::x", "none", 5):
        logger.info(message)
    assert [receiver.recv_multipart() for _ in range(5)] == [
        [b"root.INFO.sub.subsub", b"real\n"],
        [b"root.INFO.a", b"b::c\n"],
        [b"root.INFO", b"x\n"],
        [b"root.INFO", b"none\n"],
        [b"root.INFO", b"5\n"],
    ]
    assert seen_elsewhere[0] == "sub.subsub::real"
    handler.setRootTopic(b"bytes")
    logger.info("t::%s", "é")
    assert receiver.recv_multipart() == [b"bytes.INFO.t", "é\n".encode()]
    handler.root_topic = ""
    logger.info("x")
    assert receiver.recv_multipart()[0] == b"INFO"


def test_formatters_by_level(publish, logger):
    handler, receiver = publish()
    handler.setFormatter(logging.Formatter("info %(message)s"), logging.INFO)
    logger.info("a")
    logger.log(25, "between")  # as the level below
    assert [receiver.recv_multipart()[1] for _ in range(2)] == [b"info a", b"info between"]
    handler.setFormatter(logging.Formatter("all %(message)s"))
    for level in (1, logging.DEBUG, logging.INFO, 60):
        logger.log(level, "x")
        assert receiver.recv_multipart()[1] == b"all x"
    with pytest.raises(TypeError, match="INFO"):
        handler.setFormatter(logging.Formatter("%(message)s"), "INFO")


def test_an_endpoint_of_ones_own(context, make_socket, logger):
    with pytest.raises(zmq.ZMQError, match="nonsense"):
        PUBHandler("nonsense://x", context)
    handler = PUBHandler("tcp://127.0.0.1:*", context)
    logger.addHandler(handler)
    assert handler.ctx is context
    receiver = make_socket(zmq.SUB, subscribe=b"INFO")
    receiver.connect(handler.socket.last_endpoint.decode())
    while not receiver.poll(10):  # until it has subscribed
        logger.info("x")
    assert receiver.recv_multipart() == [b"INFO", b"x\n"]
    handler.close()
    assert handler.socket.closed
    handler.close()


def test_a_socket_of_the_users_stays_open(publish):
    handler, _ = publish()
    handler.close()
    assert not handler.socket.closed


def test_dict_config(make_socket, context):
    socket = make_socket(zmq.PUB)
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "zmq": {"class": "zmqbind.log.handlers.PUBHandler", "interface_or_socket": socket, "root_topic": "foo"}
        },
        "loggers": {"zmqbind-test": {"handlers": ["zmq"], "level": "INFO"}},
    }
    logging.config.dictConfig(config)
    (handler,) = logging.getLogger("zmqbind-test").handlers
    logging.getLogger("zmqbind-test").removeHandler(handler)
    assert (handler.socket, handler.root_topic) == (socket, "foo")


def test_logging_never_waits(make_socket, logger):
    """Nobody takes the records, on a socket that would block."""
    sender = make_socket(zmq.PUSH, sndhwm=1)
    logger.addHandler(PUBHandler(sender))
    for _ in range(100):
        logger.error("x")


def test_errors_are_handled_as_loggings_are(publish, logger, capsys):
    handler, _ = publish()
    handler.socket.close()
    logger.error("lost")
    text = capsys.readouterr().err
    assert "Logging error" in text
    assert "lost" in text


def test_closing_waits_for_the_record_of_another_thread(make_socket, context, logger, capsys):
    handler = PUBHandler("inproc://log", context)
    logger.addHandler(handler)
    receiver = make_socket(zmq.SUB, rcvtimeo=PATIENCE)
    receiver.subscribe("")
    receiver.connect("inproc://log")
    closing = threading.Thread(target=handler.close)

    class Formatter(logging.Formatter):
        def format(self, record):
            closing.start()
            closing.join(0.1)  # it cannot end before the record is out
            return super().format(record)

    handler.setFormatter(Formatter("%(message)s"))
    logger.info("a::b")
    closing.join()
    assert handler.socket.closed
    assert capsys.readouterr().err == ""
    assert receiver.recv_multipart() == [b"INFO.a", b"b"]


def test_many_threads(publish, logger):
    _, receiver = publish()

    def log():
        for _ in range(100):
            logger.info("a::b")

    threads = [threading.Thread(target=log) for _ in range(4)]
    for thread in threads:
        thread.start()
    found = [receiver.recv_multipart() for _ in range(400)]
    for thread in threads:
        thread.join()
    assert found == [[b"INFO.a", b"b\n"]] * 400


def test_a_socket_of_asyncio(context, make_socket, logger):
    import zmqbind.asyncio

    receiver = make_socket(zmq.PAIR, rcvtimeo=PATIENCE)
    receiver.bind("inproc://async-log")
    with zmqbind.asyncio.Context(context).socket(zmq.PAIR) as sender:
        sender.connect("inproc://async-log")
        logger.addHandler(PUBHandler(sender))
        logger.info("x")
        assert receiver.recv_multipart() == [b"INFO", b"x\n"]


def test_topic_logger(publish):
    handler, receiver = publish()
    handler.setFormatter(logging.Formatter("%(filename)s %(funcName)s %(message)s"))
    logger = TopicLogger("topics")
    logger.addHandler(handler)
    place = f"{os.path.basename(__file__)} test_topic_logger "
    for name, level in {
        "debug": "DEBUG",
        "info": "INFO",
        "warning": "WARNING",
        "warn": "WARNING",
        "error": "ERROR",
        "critical": "CRITICAL",
        "fatal": "CRITICAL",
    }.items():
        getattr(logger, name)("topic.sub", "hello %s", name)
        topic, text = receiver.recv_multipart()
        assert (topic.decode(), text.decode()) == (f"{level}.topic.sub", f"{place}hello {name}")
    logger.log(logging.INFO, "t", "x")
    assert receiver.recv_multipart() == [b"INFO.t", f"{place}x".encode()]
    try:
        raise ValueError("reason")
    except ValueError:
        logger.exception("t", "boom")
    topic, text = receiver.recv_multipart()
    assert topic == b"ERROR.t"
    assert text.startswith(f"{place}boom\nTraceback".encode())
    logger = TopicLogger("errors", logging.ERROR)
    logger.addHandler(handler)
    logger.info("t", "not this")
    logger.error("t", "but this")
    assert receiver.recv_multipart()[1].endswith(b"but this")
    assert TOPIC_DELIM == "::"


# The watcher


class Watcher:
    def __init__(self, publisher, *arguments, command=("-m", "zmqbind.log"), encoding="utf-8"):
        self.publisher = publisher
        endpoint = publisher.last_endpoint.decode()
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "40", "PYTHONIOENCODING": encoding}
        self.process = subprocess.Popen(
            [sys.executable, *command, *arguments, endpoint],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
        )
        self.subscriptions = []

    def await_subscriptions(self, *topics):
        while len(self.subscriptions) < len(topics):
            assert self.publisher.poll(PATIENCE), "nobody has subscribed"
            self.subscriptions.append(self.publisher.recv())
        assert sorted(self.subscriptions) == sorted(b"\1" + topic for topic in topics)

    def lines(self, count):
        return [self.process.stdout.readline() for _ in range(count)]

    def end(self):
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=PATIENCE / 1000)
        assert (self.process.returncode, output, errors) == (0, "", "")


@pytest.fixture
def watch(make_socket):
    """``watch(*arguments)``: a watcher that is connected to `watcher.publisher`, an XPUB socket."""
    watchers = []

    def start(*arguments, **options):
        publisher = make_socket(zmq.XPUB)
        publisher.bind("tcp://127.0.0.1:*")
        watchers.append(Watcher(publisher, *arguments, **options))
        return watchers[-1]

    yield start
    for watcher in watchers:
        with watcher.process as process:
            process.kill()


@pytest.mark.parametrize("command", [("-m", "zmqbind.log"), ("-m", "zmqbind", "log")])
def test_watcher(watch, command):
    watcher = watch(command=command)
    watcher.await_subscriptions(b"")
    watcher.publisher.send_multipart([b"root.INFO.x", "hällo\n".encode()])
    watcher.publisher.send_multipart([b"ERROR", b"two\nlines"])
    watcher.publisher.send(b"only one part")
    watcher.publisher.send_multipart([b"INFO", b"a", b"\x1b[2Jb\xff"])
    assert watcher.lines(5) == [
        "root.INFO.x | hällo\n",
        "ERROR | two\n",
        "lines\n",
        " | only one part\n",
        "INFO | a \\x1b[2Jb\N{REPLACEMENT CHARACTER}\n",
    ]
    watcher.end()


@pytest.mark.parametrize("arguments", [[], ["--color"]])
def test_watcher_where_not_all_can_be_shown(watch, arguments):
    if arguments:
        pytest.importorskip("rich")
    watcher = watch(*arguments, encoding="ascii")
    watcher.await_subscriptions(b"")
    watcher.publisher.send_multipart([b"INFO", "hällo\u2028".encode()])
    assert watcher.lines(1) == ["INFO | h\\xe4llo\\u2028\n"]
    watcher.end()


def test_watcher_with_topics_and_alignment(watch):
    watcher = watch("-t", "a", "--topic", "b", "--align", "--separator", ": ", "--timestamp", "--dateformat", "%Y!")
    watcher.await_subscriptions(b"a", b"b")
    for topic in (b"a.INFO", b"c.INFO", b"b.INFO.more", b"a.INFO"):
        watcher.publisher.send_multipart([topic, b"x"])
    (first, second, third) = watcher.lines(3)
    assert first[4:] == "! a.INFO: x\n"
    assert second[4:] == "! b.INFO.more: x\n"
    assert third[4:] == "! a.INFO     : x\n"
    assert first[:4].isdecimal()
    watcher.end()


def test_watcher_in_colour(watch):
    pytest.importorskip("rich")
    watcher = watch("--color")
    watcher.await_subscriptions(b"")
    watcher.publisher.send_multipart([b"root.ERROR", b"[red]bad " + b"x" * 80])
    watcher.publisher.send_multipart([b"root.INFO", b"good"])
    red, plain = watcher.lines(2)
    assert red == "\x1b[31mroot.ERROR | [red]bad " + "x" * 80 + "\x1b[0m\n"
    assert plain == "root.INFO | good\n"
    watcher.end()


def test_watcher_whose_reader_goes(watch):
    watcher = watch()
    watcher.await_subscriptions(b"")
    watcher.process.stdout.close()
    watcher.publisher.send_multipart([b"INFO", b"x"])
    assert watcher.process.wait(PATIENCE / 1000) == 0
    assert watcher.process.stderr.read() == ""


def test_watcher_at_a_bad_endpoint():
    done = subprocess.run(
        [sys.executable, "-m", "zmqbind", "log", "nonsense"], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "nonsense" in line


def test_watcher_without_rich():
    code = "import sys; sys.modules['rich'] = None; from zmqbind.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "log", "--color", "tcp://127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert "zmqbind[cli]" in done.stderr
