"""Exchange messages for SECONDS while SIGALRM comes again and again; check every one of them.

Arguments: HANDLER ("nothing", "raises", "same-socket"), TRANSPORT, SECONDS. Prints the signals and the messages.

What a handler raises comes out of the call that it interrupted, or out of the next line of Python. To tell which
calls succeeded, calls are made from C, where no handler runs between them: done.extend(map(send, messages)) has
appended a result for every call that returned, and for no other.
"""

import collections
import itertools
import signal
import sys
import threading
import time

import zmqbind as zmq

kind, transport, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
INTERVAL = 0.0002
PATIENCE = 30_000
BURST = 50


class Interruption(Exception):
    pass


context = zmq.Context()
mine, peers = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
for socket in (mine, peers):
    socket.rcvtimeo = socket.sndtimeo = PATIENCE
    socket.sndhwm = socket.rcvhwm = 5  # so that calls block
mine.bind("inproc://storm" if transport == "inproc" else "tcp://127.0.0.1:*")
peers.connect(mine.last_endpoint)
signals = 0
armed = False  # whether the handler may raise now
used = mine  # the socket that the handler shares with what it interrupts
failures = []


def handler(number, frame):
    global armed, signals
    signals += 1
    if kind == "raises" and armed:
        armed = False  # here, as the next signal may come before anybody has caught this exception
        raise Interruption
    if kind == "same-socket":
        try:
            used.poll(0)
            used.get(zmq.EVENTS)
            if signals % 5 == 0:
                used.send_multipart([b"from the handler", b"", b"x"], zmq.DONTWAIT)
        except zmq.Again:
            pass


def answer():
    """The peer: sends every message back but those of the handler, which must be whole."""
    while (parts := peers.recv_multipart()) != [b"end"]:
        if parts[0] != b"from the handler":
            peers.send_multipart(parts)
        elif parts[1:] != [b"", b"x"]:
            failures.append(parts)


def message(number):
    head = b"%d" % number
    return [head, b"", head * (number % 7), bytes(40_000) if number % 20 == 0 else head][: 1 + number % 4]


def until_interrupted(operation):
    """Run `operation`, again and again as long as what comes out of it is the handler's exception."""
    global armed
    while True:
        try:
            armed = True
            operation()
            armed = False
            return
        except Interruption:
            pass


def send_all(messages, copy):
    """Each exactly once. What was interrupted has not been sent: go on behind the last that was."""
    done = collections.deque()

    def operation():
        rest = messages[len(done) :]
        done.extend(map(used.send_multipart, rest, itertools.repeat(0), itertools.repeat(copy)))

    until_interrupted(operation)
    assert len(done) == len(messages), (len(done), len(messages))


def receive_all(count, how):
    got = collections.deque()

    def operation():
        missing = count - len(got)
        if how == "poll" and missing:
            mine.poll(PATIENCE)
        if how == "frames":
            got.extend(itertools.starmap(mine.recv_multipart, itertools.repeat((0, False), missing)))
        else:
            got.extend(itertools.starmap(mine.recv_multipart, itertools.repeat((), missing)))

    until_interrupted(operation)
    return [[bytes(part) for part in parts] for parts in got]


def exchange(first, ways):
    """A burst there and back: received in one of several ways."""
    messages = [message(number) for number in range(first, first + BURST)]
    for start in range(0, BURST, 4):  # fewer than what the queues hold on both ways
        few = messages[start : start + 4]
        send_all(few, copy=start % 8 == 0)
        assert receive_all(len(few), next(ways)) == few, few
    return BURST


peer = threading.Thread(target=answer)
peer.start()
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
count = 0
ways = itertools.cycle(["plain", "frames", "poll"])
end = time.monotonic() + seconds
while time.monotonic() < end or signals < 200:
    count += exchange(count, ways)

# One way, to a peer that is slower: send blocks at the high-water mark.
push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
pull.rcvtimeo = push.sndtimeo = PATIENCE
pull.rcvhwm = push.sndhwm = 2
pull.bind("inproc://slow" if transport == "inproc" else "tcp://127.0.0.1:*")
push.connect(pull.last_endpoint)
taken = []


def take():
    while (parts := pull.recv_multipart()) != [b"end"]:
        taken.append(parts)
        time.sleep(0.0005)


slow = threading.Thread(target=take)
slow.start()
used = push
messages = [message(number) for number in range(int(300 * seconds))]
send_all(messages, copy=False)
signal.setitimer(signal.ITIMER_REAL, 0)
push.send(b"end")
slow.join()
assert [parts for parts in taken if parts[0] != b"from the handler"] == messages

mine.send(b"end")
peer.join()
assert not failures, failures[:5]
assert not mine.poll(0)
context.destroy(linger=0)
print(signals, count + len(messages))
