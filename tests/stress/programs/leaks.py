"""Measure what operations leave behind: `leaks.py mixed COUNT` or `leaks.py each COUNT`. Prints JSON."""

import ctypes
import gc
import itertools
import json
import os
import random
import signal
import sys
import time
import warnings

import zmqbind as zmq

warnings.simplefilter("ignore", ResourceWarning)
mode, count = sys.argv[1], int(sys.argv[2])


class Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def malloced():
    """Bytes that malloc has given out, or 0 where the C library does not tell."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    mallinfo.restype = Mallinfo
    info = mallinfo()
    return info.uordblks + info.hblkhd


THREADS = 3  # the main one, and two of the context that stays


def state():
    """Of this process, once what was dropped is gone: contexts are terminated in the background."""
    before = None
    for _ in range(1000):
        gc.collect()
        time.sleep(0.005)
        now = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), sys.getallocatedblocks()
        if now == before and now[1] <= THREADS:
            break
        before = now
    with open("/proc/self/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return {
        "descriptors": now[0],
        "threads": now[1],
        "blocks": now[2],
        "kilobytes": resident,
        "malloced": malloced(),
    }


context = zmq.Context()


def pair(kind, peer, transport):
    a, b = context.socket(kind), context.socket(peer)
    a.rcvtimeo = b.rcvtimeo = a.sndtimeo = b.sndtimeo = 20_000
    a.bind(f"inproc://{kind}-{peer}" if transport == "inproc" else "tcp://127.0.0.1:*")
    b.connect(a.last_endpoint)
    return a, b


a, b = pair(zmq.PAIR, zmq.PAIR, "inproc")
c, d = pair(zmq.PAIR, zmq.PAIR, "tcp")
lonely = context.socket(zmq.PUSH)
closed = context.socket(zmq.PUSH)
closed.close()
poller = zmq.Poller()
poller.register(b, zmq.POLLIN)
poller.register(d, zmq.POLLIN)
large, small = b"x" * 100_000, b"x" * 10
numbers = itertools.count()


def there(sender, receiver, data, how="recv", **options):
    sender.send(data, **options)
    return getattr(receiver, how)()


def parts(sender, receiver, data, copy=True):
    sender.send_multipart(data, copy=copy)
    return receiver.recv_multipart(copy=copy)


def lend_and_wait(sender, receiver, data):
    tracker = sender.send(data, copy=False, track=True)
    receiver.recv()
    tracker.wait(20)


def resend_frame():
    frame = zmq.Frame(bytearray(70_000), track=True, copy=False)
    a.send(frame)
    received = b.recv(copy=False)
    bytes(received.buffer[:3]), received.bytes, received == frame, hash(received)
    b.send(received)
    a.recv_into(bytearray(70_000))


def not_sent():
    lonely.send(bytearray(70_000), zmq.DONTWAIT, copy=False)


def bad_part():
    a.send_multipart([bytearray(70_000), large, small, None], copy=False)


def interrupted():
    """A handler that raises, in a call that waits."""

    def handler(number, frame):
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    try:
        b.recv_multipart()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interrupted_send():
    def handler(number, frame):
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    lonely.sndtimeo = 20_000
    try:
        lonely.send_multipart([bytearray(70_000), small], copy=False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def timed_out():
    b.rcvtimeo = 1
    try:
        b.recv()
    finally:
        b.rcvtimeo = 20_000


def poll_change():
    poller.register(a, zmq.POLLIN)
    poller.poll(0)
    poller.unregister(a)


def whole_context():
    own = zmq.Context()
    with own.socket(zmq.PUSH) as push, own.socket(zmq.PULL) as pull:
        pull.bind("tcp://127.0.0.1:*")
        push.connect(pull.last_endpoint)
        push.send(bytearray(70_000), copy=False)
        pull.recv()
    own.term()


def dropped_context():
    own = zmq.Context()
    socket = own.socket(zmq.PUSH)
    socket.linger = 0
    socket.connect("tcp://127.0.0.1:9")
    socket.send(bytearray(70_000), copy=False)


def cycle():
    own = zmq.Context()
    holder = [own.socket(zmq.PULL)]
    holder.append(holder)
    del own, holder
    gc.collect()  # else memory goes up and down with the contexts that the collector leaves for later


def sockets():
    with context.socket(zmq.PUB) as pub, context.socket(zmq.SUB) as sub:
        name = f"inproc://{next(numbers)}"
        pub.bind(name)
        sub.connect(name)
        sub.subscribe(b"topic")


def monitored():
    with context.socket(zmq.PULL) as socket:
        monitor = socket.get_monitor_socket()
        monitor.close()


OPERATIONS = {
    "send bytes": lambda: there(a, b, small),
    "send over tcp": lambda: there(c, d, small),
    "send large bytes": lambda: there(a, b, large),
    "send large bytes over tcp": lambda: there(c, d, large),
    "send bytearray": lambda: there(a, b, bytearray(100)),
    "lend bytearray": lambda: there(a, b, bytearray(70_000), copy=False),
    "lend over tcp": lambda: there(c, d, bytearray(70_000), copy=False),
    "lend and track": lambda: lend_and_wait(a, b, bytearray(70_000)),
    "lend and track over tcp": lambda: lend_and_wait(c, d, bytearray(70_000)),
    "strings": lambda: (a.send_string("grüße"), b.recv_string()),
    "json": lambda: (a.send_json({"x": [1, 2]}), b.recv_json()),
    "pyobj": lambda: (a.send_pyobj({1: (2, "3")}), b.recv_pyobj()),
    "multipart": lambda: parts(a, b, [small, b"", small]),
    "multipart of many": lambda: parts(a, b, [small] * 20),
    "multipart of frames": lambda: parts(a, b, [bytearray(70_000), small], copy=False),
    "multipart over tcp": lambda: parts(c, d, [small, large]),
    "recv_into": lambda: (a.send(small), b.recv_into(bytearray(20))),
    "frames": resend_frame,
    "frame error": lambda: zmq.Frame("text"),
    "poll": lambda: (a.poll(0), poller.poll(0), zmq.zmq_poll([(b, zmq.POLLIN), (0, zmq.POLLIN)], 0)),
    "poll for a millisecond": lambda: poller.poll(1),
    "change a poller": poll_change,
    "options": lambda: (a.get(zmq.LINGER), setattr(a, "linger", 5), a.last_endpoint, a.hwm, context.io_threads),
    "option of a wrong type": lambda: setattr(a, "linger", "x"),
    "option out of range": lambda: a.set(zmq.LINGER, 2**40),
    "unknown option": lambda: a.get(9999),
    "unknown attribute": lambda: setattr(a, "lingre", 1),
    "nothing to receive": lambda: b.recv(zmq.DONTWAIT),
    "no multipart to receive": lambda: b.recv_multipart(zmq.DONTWAIT, copy=False),
    "nothing within a millisecond": timed_out,
    "not sent": not_sent,
    "a string as bytes": lambda: a.send("text"),
    "bad part": bad_part,
    "no parts": lambda: a.send_multipart([]),
    "not UTF-8": lambda: (a.send(b"\xff"), b.recv_string()),
    "not json": lambda: (a.send(b"{"), b.recv_json()),
    "not a pickle": lambda: (a.send(b"!"), b.recv_pyobj()),
    "not writable": lambda: b.recv_into(small),
    "bad endpoint": lambda: a.bind("tcp://nowhere:99999"),
    "endpoint in use": lambda: b.bind(c.last_endpoint),
    "unknown transport": lambda: a.connect("carrier://pigeon"),
    "closed socket": lambda: closed.send(small),
    "poll a closed socket": lambda: zmq.zmq_poll([(closed, zmq.POLLIN)], 0),
    "not pollable": lambda: poller.register("x"),
    "tracker of nothing": lambda: zmq.MessageTracker(3),
    "interrupted recv": interrupted,
    "interrupted send": interrupted_send,
    "bind and unbind": lambda: (lonely.bind("tcp://127.0.0.1:*"), lonely.unbind(lonely.last_endpoint)),
    "sockets": sockets,
    "monitor": monitored,
    "context": whole_context,
    "dropped context": dropped_context,
    "cycle": cycle,
    "bad socket type": lambda: context.socket(99),
}
SLOW = {"context": 50, "dropped context": 50, "cycle": 50, "monitor": 20, "sockets": 20, "bind and unbind": 10}
SLOW |= dict.fromkeys(["interrupted recv", "interrupted send", "nothing within a millisecond"], 20)
SLOW |= dict.fromkeys(["poll for a millisecond", "pyobj"], 10)


def run(names):
    for name in names:
        try:
            OPERATIONS[name]()
        except (zmq.ZMQError, TypeError, ValueError, AttributeError, OverflowError, OSError, BufferError, EOFError):
            pass
        except Exception as error:
            if type(error).__name__ not in ("IndexError", "UnpicklingError"):
                raise
        while b.poll(0) and name != "poll":
            b.recv()


def growth(names):
    before = state()
    run(names)
    after = state()
    return {key: after[key] - before[key] for key in before}


names = list(OPERATIONS)
if mode == "each":
    report = {}
    for name in names:
        some = max(20, count // SLOW.get(name, 1))
        run([name] * (some // 2 + 10))
        report[name] = growth([name] * some)
else:
    weights = [1 / SLOW.get(name, 1) for name in names]
    random_numbers = random.Random(1)

    def chosen(number):
        """Not as one list, whose memory would be part of what is measured."""
        for _ in range(number):
            yield random_numbers.choices(names, weights)[0]

    run(chosen(max(10_000, count // 20)))
    report = growth(chosen(count))
    report["operations"] = count
context.destroy(linger=0)
print(json.dumps(report))
