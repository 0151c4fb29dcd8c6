"""Signals interrupt every call that blocks, and leave the sockets usable."""

import signal
import threading
import time
from pathlib import Path

import pytest

import zmqbind as zmq

# Nothing here takes this long; it only keeps a bug from hanging the run. Milliseconds.
PATIENCE = 20_000

# Runs in a child. `interrupt(call)` makes a call that blocks, and is ended by the parent's Ctrl-C.
PRELUDE = """
import os
import zmqbind as zmq

context = zmq.Context()
push, pull, other = context.socket(zmq.PUSH), context.socket(zmq.PULL), context.socket(zmq.PUSH)
push.sndhwm = pull.rcvhwm = 1
pull.bind("inproc://pull")
push.connect("inproc://pull")
other.bind("inproc://other")

def interrupt(call):
    try:
        print("about to block", flush=True)
        print("returned", call(), flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)

def fill():
    count = 0
    while push.poll(0, zmq.POLLOUT):
        push.send(b"filling")
        count += 1
    return count

def registered(socket):
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    return poller
"""

# Runs after the interruption.
EXCHANGE = """
push.send(b"after")
assert pull.recv() == b"after"
assert not pull.poll(0)
push.send_multipart([b"more", b"parts"])
assert pull.recv_multipart() == [b"more", b"parts"]
context.destroy(linger=0)
print("done", flush=True)
"""

CALLS = {
    "recv": "interrupt(lambda: pull.recv())",
    "recv a frame": "interrupt(lambda: pull.recv(copy=False))",
    "recv with a timeout": f"pull.rcvtimeo = {PATIENCE}\ninterrupt(lambda: pull.recv())",
    "recv_multipart": "interrupt(lambda: pull.recv_multipart())",
    "recv_into": "interrupt(lambda: pull.recv_into(bytearray(8)))",
    "recv_string": "interrupt(lambda: pull.recv_string())",
    "recv after an interrupted recv": "interrupt(lambda: pull.recv())\ninterrupt(lambda: pull.recv())",
    "Socket.poll": "interrupt(lambda: pull.poll())",
    "Socket.poll with a timeout": f"interrupt(lambda: pull.poll({PATIENCE}))",
    "Poller.poll": "interrupt(registered(pull).poll)",
    "Poller.poll of a descriptor": "interrupt(registered(os.pipe()[0]).poll)",
    "zmq_poll": "interrupt(lambda: zmq.zmq_poll([(pull, zmq.POLLIN)]))",
    "select": "interrupt(lambda: zmq.select([pull], [], []))",
    "proxy": "interrupt(lambda: zmq.proxy(pull, other))",
}

# At the high-water mark, the peer must first take what was sent before.
SENDS = {
    "send": "push.send(b'lost')",
    "send with a timeout": "push.send(b'lost')",
    "send a lent buffer": "push.send(bytearray(100_000), copy=False)",
    "send_multipart": "push.send_multipart([b'lost', b'lost'])",
    "send_string": "push.send_string('lost')",
}


def wait_until_asleep(process_id):
    """Waits until the main thread of a process sleeps or has ended, where the system tells that."""
    status = Path(f"/proc/{process_id}/stat")
    end = time.monotonic() + PATIENCE / 1000
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "SZX":
        assert time.monotonic() < end, "the child never waits for anything"
        time.sleep(0.001)


@pytest.fixture
def interrupt_child(start_python):
    """``interrupt_child(code)``: runs `code` in a child and presses Ctrl-C each time it is about to block."""

    def run(code):
        child = start_python(code)
        lines = []
        # A child that hangs is killed; the test finds its last lines missing then.
        watch = threading.Timer(2 * PATIENCE / 1000, child.kill)
        watch.start()
        try:
            for line in child.stdout:
                lines.append(line.strip())
                if lines[-1] == "about to block":
                    wait_until_asleep(child.pid)
                    child.send_signal(signal.SIGINT)
        finally:
            watch.cancel()
        return lines

    return run


@pytest.mark.parametrize("name", CALLS)
def test_interrupt(interrupt_child, name):
    lines = interrupt_child(PRELUDE + CALLS[name] + EXCHANGE)
    assert lines == ["about to block", "interrupted"] * CALLS[name].count("interrupt(") + ["done"]


@pytest.mark.parametrize("name", SENDS)
def test_interrupted_send(interrupt_child, name):
    setup = f"push.sndtimeo = {PATIENCE if 'timeout' in name else -1}\ncount = fill()\nassert count\n"
    check = "\nfor _ in range(count):\n    assert pull.recv() == b'filling'\n"
    lines = interrupt_child(PRELUDE + setup + f"interrupt(lambda: {SENDS[name]})" + check + EXCHANGE)
    assert lines == ["about to block", "interrupted", "done"]


def test_interrupted_term_can_be_called_again(interrupt_child):
    """term() waits for open sockets: twice in vain, then they are closed."""
    after = """
interrupt(context.term)
interrupt(context.term)
assert not context.closed
for socket in (push, pull, other):
    try:
        socket.poll(0)
    except zmq.ContextTerminated:
        socket.close(linger=0)
context.term()
assert context.closed
print("done", flush=True)
"""
    assert interrupt_child(PRELUDE + after) == ["about to block", "interrupted"] * 2 + ["done"]


def test_interrupted_term_still_delivers(interrupt_child, endpoint_for):
    """term() waits for a lingering message, whose receiver comes only after the interruption."""
    after = f"""
other.connect({endpoint_for("ipc")!r})
other.send(b"stays")
endpoint = other.last_endpoint
for socket in (push, pull, other):
    socket.close()
interrupt(context.term)
receiver = zmq.Context().socket(zmq.PULL)
receiver.bind(endpoint)
assert receiver.recv() == b"stays"
context.term()
assert context.closed
print("done", flush=True)
"""
    assert interrupt_child(PRELUDE + after) == ["about to block", "interrupted", "done"]


@pytest.fixture
def handle():
    """``handle(handler)``: calls `handler` at SIGUSR1, until the test ends. Returns a function with which another
    thread sends that signal to this one: again and again until a handler runs, for a signal that comes just before
    this thread falls asleep does not wake it.
    """
    previous = signal.getsignal(signal.SIGUSR1)

    def install(handler):
        handled = []

        def on_signal(number, frame):
            if not handled:
                handled.append(number)
                handler()

        def send_signal():
            handled.clear()
            while not handled and not over:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
                time.sleep(0.01)

        signal.signal(signal.SIGUSR1, on_signal)
        return send_signal

    over = []
    yield install
    over.append(True)
    signal.signal(signal.SIGUSR1, previous)


@pytest.fixture
def in_thread():
    """``in_thread(function)``: runs it in a thread, which is joined when the test ends."""
    threads = []

    def start(function):
        threads.append(threading.Thread(target=function, daemon=True))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(PATIENCE / 1000)
        assert not thread.is_alive()


def test_handler_may_use_the_interrupted_socket(connected_pair, handle, in_thread):
    mine, peers = connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE)
    seen = []

    def handler():
        mine.send(b"from the handler")
        seen.append(mine.poll(0))

    send_signal = handle(handler)

    def peer():
        for _ in range(5):
            send_signal()
            assert peers.recv() == b"from the handler"
        peers.send(b"enough")

    in_thread(peer)
    assert mine.recv() == b"enough"
    assert seen == [0] * 5


def test_handler_may_take_the_message_that_was_waited_for(connected_pair, handle, in_thread):
    mine, peers = connected_pair(zmq.PAIR, zmq.PAIR, rcvtimeo=PATIENCE)
    taken = []

    def handler():
        peers.send(b"for the handler")
        taken.append(mine.recv())
        peers.send(b"for the one who waits")

    in_thread(handle(handler))
    assert mine.recv() == b"for the one who waits"
    assert taken == [b"for the handler"]


def test_what_a_handler_raises_comes_out_of_the_call(connected_pair, handle, in_thread):
    class Raised(Exception):
        pass

    def handler():
        raise Raised

    pull, push = connected_pair(zmq.PULL, zmq.PUSH, rcvtimeo=PATIENCE)
    send_signal = handle(handler)
    with pytest.raises(Raised):
        in_thread(send_signal)
        pull.recv()
    push.send(b"after")
    assert pull.recv() == b"after"


def test_handler_may_close_the_interrupted_socket(make_socket, handle, in_thread, raises_errno):
    socket = make_socket(zmq.PULL, rcvtimeo=PATIENCE)
    send_signal = handle(socket.close)
    in_thread(send_signal)
    with raises_errno(zmq.ENOTSOCK):
        socket.recv()
