"""Drives an operation through every call in it that can fail: see docs/testing.md.

A scenario is a generator function. It takes a World, prepares, yields the operation as a function without arguments,
is sent the Outcome, and checks what is left. It is run once for every failure point, each time in a World of its own,
until the operation is over before the failure that was asked for.
"""

from __future__ import annotations

import errno
import gc
import signal
import sys
import time
from dataclasses import dataclass
from itertools import count

import pytest

import zmqbind as zmq
from zmqbind import _core

ALLOCATIONS = {
    "PyBytes_FromStringAndSize",
    "PyMem_Malloc",
    "PyMem_Realloc",
    "PyObject_GetBuffer",
    "PyThread_allocate_lock",
    "PyUnicode_AsUTF8AndSize",
    "PyUnicode_DecodeUTF8",
    "PyWeakref_NewRef",
    "calloc",
    "malloc",
}
# A signal may interrupt these; they are then called again.
INTERRUPTIBLE = {
    "PyThread_acquire_lock_timed",
    "poll",
    "zmq_bind",
    "zmq_connect",
    "zmq_ctx_get",
    "zmq_ctx_set",
    "zmq_ctx_term",
    "zmq_disconnect",
    "zmq_getsockopt",
    "zmq_msg_recv",
    "zmq_msg_send",
    "zmq_poll",
    "zmq_send",
    "zmq_setsockopt",
    "zmq_unbind",
}
# Nothing can be done about the failure of these, and nothing has to be.
UNHEARD = {"Py_AddPendingCall", "pthread_create", "zmq_close", "zmq_ctx_shutdown", "zmq_ctx_term"}

DELAYS = (0.01, 0.1, 1, 5)  # seconds
PATIENCE = 20  # seconds; nothing takes as long


try:
    zmq.Frame("no bytes")  # Cython's store of tracebacks is allocated at the first exception, for good
except TypeError:
    pass


gc.freeze()  # what is there already need not be searched for each failure point


@dataclass
class Fault:
    """How calls fail: with which error number, how many of them (-1: all), and whether a SIGINT comes with it."""

    code: int
    times: int = 1
    interrupt: bool = False

    def __str__(self):
        more = "-interrupt" if self.interrupt else "" if self.times == 1 else "-for-good"
        return errno.errorcode.get(self.code, "ETERM") + more


FAULTS = [
    Fault(errno.EHOSTUNREACH),
    Fault(errno.EHOSTUNREACH, times=-1),
    Fault(errno.EINVAL),
    Fault(errno.EAGAIN),
    Fault(errno.EINTR),
    Fault(errno.EINTR, interrupt=True),
    Fault(zmq.ETERM),
    Fault(zmq.ETERM, times=-1),
]


@dataclass
class Outcome:
    """What became of an operation. The exception itself is not kept: it refers to everything that was in use."""

    value: object
    error: type[BaseException] | None
    errno: int | None
    text: str
    hits: list[str]  # the functions that failed
    seen: int  # how many were called

    @property
    def done(self):
        return self.error is None

    @property
    def interrupted(self):
        """Whether a signal handler's exception came out: then the operation may have been completed or not."""
        return self.error is KeyboardInterrupt


class World:
    """A context and sockets, and payloads of which it is known who refers to them."""

    def __init__(self, delay):
        self.delay = delay  # seconds after which another thread does what the operation waits for
        self.context = zmq.Context()
        self.payloads = []
        self.sockets = []  # they outlive the scenario's own references

    def payload(self, data):
        """Register an object that nothing may refer to any more, and whose buffer must be free, at the end."""
        self.payloads.append(data)
        return data

    def socket(self, kind, **options):
        socket = self.context.socket(kind, copy_threshold=0)
        for name, value in {"linger": 0, **options}.items():
            setattr(socket, name, value)
        self.sockets.append(socket)
        return socket

    def pair(self, first=zmq.PUSH, second=zmq.PULL, endpoint="inproc://pair", **options):
        bound, connected = self.socket(first, **options), self.socket(second, **options)
        bound.bind(endpoint)
        connected.connect(bound.last_endpoint.decode())
        return bound, connected

    def fill(self, sender):
        """Send until there is no room; returns how many messages that took."""
        taken = 0
        while sender.poll(0, zmq.POLLOUT):
            sender.send(b"filling")
            taken += 1
        return taken

    def check_delivery(self, sender, receiver, outcome, *parts):
        """Make sure that the message arrived whole if the operation succeeded, and else not at all.

        Where libzmq refused a part after the first, the sender has to be closed: the message has begun.
        """
        if len(parts) > 1 and outcome.hits[:1] == ["zmq_msg_send"] and not (outcome.done or outcome.interrupted):
            assert not sender.closed
            endpoint = sender.last_endpoint.decode()
            sender.close()
            sender = self.socket(zmq.PUSH)
            receiver.connect(rebound(sender, endpoint))
        sender.send(b"end")
        received = []
        while received[-1:] != [[b"end"]]:
            assert receiver.poll(10_000)
            received.append(receiver.recv_multipart())
        message = list(map(bytes, parts))
        if outcome.interrupted:  # by a signal that may also have come just after it
            assert received[:-1] in ([], [message])
        else:
            assert received[:-1] == [message] * outcome.done

    def close(self):
        self.context.destroy(linger=0)
        self.context = self.sockets = None


def rebound(socket, endpoint):
    socket.bind(endpoint + "-again")
    return socket.last_endpoint.decode()


def settle():
    """Have the module take back all that libzmq has given back."""
    gc.collect()
    zmq.Context().term()


def attempt(operation, nth, fault):
    """Call operation with its nth failure point armed."""
    value = error = number = None
    text = ""
    running = True

    def interrupt(*_):
        if running:  # and not if the operation has ended by then
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    _core._faults_arm(nth, fault.code, fault.times, fault.interrupt)
    try:
        value = operation()
    except Exception as caught:
        running = False
        error, number, text = type(caught), getattr(caught, "errno", None), repr(caught)
    except KeyboardInterrupt:
        running = False
        error, text = KeyboardInterrupt, "KeyboardInterrupt"
    finally:
        running = False
        hits, seen = _core._faults_hits(), _core._faults_seen()
        _core._faults_arm(0, 0)
        signal.signal(signal.SIGINT, before)
    return Outcome(value, error, number, text, hits, seen)


def check(outcome, fault, unheard, becomes):
    """Make sure that the operation raised what the first failure calls for."""
    heard = [name for name in outcome.hits if name not in unheard]
    name = heard[0] if heard else None
    allowed = [None]
    number = None
    if name in becomes:
        allowed = becomes[name] if isinstance(becomes[name], list) else [becomes[name]]
    elif name in ALLOCATIONS:
        allowed = [MemoryError]
    elif name is not None and not (fault.code == errno.EINTR and name in INTERRUPTIBLE):
        number = fault.code
        allowed = [{errno.EAGAIN: zmq.Again, zmq.ETERM: zmq.ContextTerminated}.get(number, zmq.ZMQError)]
        if number == errno.EAGAIN and name in ("zmq_send", "zmq_msg_send", "zmq_msg_recv"):
            allowed.append(None)  # libzmq had no room, or no message, for a moment only
    if fault.interrupt and outcome.hits:
        allowed.append(KeyboardInterrupt)
    assert outcome.error in allowed, f"{outcome.text} after the failures of {outcome.hits}, expected {allowed}"
    if number is not None and not outcome.done and not outcome.interrupted:
        assert outcome.errno == number


def play(scenario, nth, fault, delay, unheard, becomes):
    """Run a scenario once, with the nth failure point of its operation armed; returns what failed."""
    settle()
    allocated = _core._faults_allocated()
    world = World(delay)
    counts = []
    try:
        steps = scenario(world)
        operation = next(steps)
        counts = [sys.getrefcount(payload) for payload in world.payloads]
        outcome = attempt(operation, nth, fault)
        del operation
        check(outcome, fault, unheard, becomes)
        with pytest.raises(StopIteration):
            steps.send(outcome)
        outcome.value = None
    except AssertionError as error:
        raise AssertionError(f"failure point {nth}, {fault}: {error}") from error
    finally:
        del steps
        world.close()
    settle()
    for payload, before in zip(world.payloads, counts, strict=True):
        assert sys.getrefcount(payload) <= before, f"failure point {nth}, {outcome.hits}: {payload!r:.40} leaks"
        if isinstance(payload, bytearray):
            payload.append(0)  # BufferError if it is still lent
    deadline = time.monotonic() + PATIENCE
    while _core._faults_allocated() > allocated:  # contexts that were dropped end in a thread of their own
        assert time.monotonic() < deadline, f"failure point {nth}, {outcome.hits}: memory leaks"
        settle()
    return outcome.hits


def drive(scenario, fault, unheard=(), becomes=None, at_least=0):
    """Run a scenario once for every failure point of its operation; returns how many there are.

    unheard: functions whose failure is no failure of the operation. becomes: what the failure of others raises, where
    that is not the usual: a class, or None, or a list of these. at_least: how many points there are if the operation
    waits for another thread, which acts after world.delay. Where it did not come to wait, that thread is given longer.
    """
    for nth in count(1):
        for delay in DELAYS:
            hits = play(scenario, nth, fault, delay, UNHEARD | set(unheard), becomes or {})
            if hits or nth > at_least:
                break
        if not hits:
            assert nth > at_least
            return nth - 1
    raise AssertionError
