"""Zero copy under load: lent memory comes back, trackers tell the truth to every thread, nothing piles up."""

from __future__ import annotations

import time
import weakref

import pytest

import zmqbind as zmq

SIZE = 70_000


class Lent(bytearray):
    """Memory of which a weak reference tells whether it is still lent."""


def pattern(number):
    buffer = Lent(SIZE)
    buffer[:8] = buffer[-8:] = number.to_bytes(8, "little")
    return buffer


def is_pattern(message, number):
    mark = number.to_bytes(8, "little")
    return len(message) == SIZE and message[:8] == mark and message[-8:] == mark


@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_churn_from_many_threads(scaled, patience, connected_pair, threads, switching, transport):
    """Every thread lends, waits for its trackers, and may change the memory only then; peers see what was sent."""
    count = scaled(300, 6_000)
    pairs = [connected_pair(zmq.PULL, zmq.PUSH, transport, sndhwm=20, rcvhwm=20) for _ in range(3)]

    def send(push):
        push.sndtimeo = patience * 1000
        pending = []
        for number in range(count):
            buffer = pattern(number)
            pending.append((buffer, push.send(buffer, copy=False, track=True)))
            if len(pending) >= 8 or number == count - 1:
                for lent, tracker in pending:
                    tracker.wait(patience)
                    assert tracker.done
                    lent[:8] = b"\xff" * 8  # nobody looks at it any more
                    assert not lent.endswith(b"\xff")
                pending.clear()

    def receive(pull):
        pull.rcvtimeo = patience * 1000
        for number in range(count):
            message = pull.recv(copy=number % 2)
            assert is_pattern(message if number % 2 else message.bytes, number)

    for pull, push in pairs:
        threads.start(send, push)
        threads.start(receive, pull)
    threads.finish()


def test_one_tracker_and_many_waiters(scaled, patience, connected_pair, threads, switching):
    """All of them wake; those with a time limit raise NotDone before, and never after."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH)
    for _ in range(scaled(50, 2_000)):
        tracker = push.send(bytearray(SIZE), copy=False, track=True)
        both = zmq.MessageTracker(tracker, push.send(bytearray(SIZE), copy=False, track=True))
        woken = []

        def wait(number, tracker=tracker, both=both, woken=woken):
            if number % 3 == 0:
                both.wait(patience)
            elif number % 3 == 1:
                tracker.wait()
            else:
                while True:
                    try:
                        tracker.wait(0.001)
                        break
                    except zmq.NotDone:
                        pass
            assert tracker.done
            woken.append(number)

        for number in range(6):
            threads.start(wait, number)
        assert not tracker.done
        for _ in range(2):
            pull.recv()
        del tracker
        threads.finish()
        assert sorted(woken) == list(range(6))
        assert both.done


@pytest.mark.parametrize("transport", ["inproc", "tcp"])
def test_lent_memory_does_not_pile_up(scaled, patience, connected_pair, threads, transport):
    """However long it lasts: what is lent is at most what the queues hold, and a few more."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH, transport, sndhwm=10, rcvhwm=10)
    pull.rcvtimeo = push.sndtimeo = patience * 1000
    count = scaled(2_000, 40_000)
    alive, most = set(), 0

    def receive():
        for _ in range(count):
            pull.recv(copy=False)

    threads.start(receive)
    for number in range(count):
        buffer = pattern(number)
        alive.add(number)
        weakref.finalize(buffer, alive.discard, number)
        push.send(buffer, copy=False)
        most = max(most, len(alive))
    threads.finish()
    assert most <= 200


def eventually(condition, patience, turn):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        turn()


def test_memory_comes_back_to_an_idle_program(connected_pair, threads, patience):
    """The main thread makes no call of zmqbind's any more; another thread is blocked in one."""
    pull, push = connected_pair(zmq.PULL, zmq.PUSH)
    references = []
    for number in range(50):
        buffer = pattern(number)
        references.append(weakref.ref(buffer))
        push.send(buffer, copy=False)
        del buffer
    assert all(reference() is not None for reference in references)

    def receive():
        for _ in range(50):
            pull.recv()
        pull.recv()  # blocks

    threads.start(receive)
    eventually(lambda: all(reference() is None for reference in references), patience, lambda: time.sleep(0.001))
    push.send(b"the end")
    threads.finish()


def test_memory_comes_back_while_every_thread_is_blocked(run_program):
    """The main thread waits in zmqbind for something else when libzmq gives back what was lent."""
    assert run_program("blocked_drain").startswith("released\n")
