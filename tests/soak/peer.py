"""One process of the soak: `peer.py ROLE INCARNATION LOG ENDPOINT`. It ends when its standard input does, or is killed.

What happened is written to LOG with write(2), a line at a time, so that it outlives SIGKILL:
    first last       PULL: these sequence numbers have been received, one after the other (`incarnation:` before them
                     if their sender was another incarnation than 0)
    sent COUNT       PUSH, at the end: that many messages were accepted by `send`
    late N           REQ: question N had no answer in time, and was asked again
    reply N SECONDS  REQ: question N was answered, that long after it was asked first
    process RSS FDS  once a second: resident kilobytes, open descriptors
"""

from __future__ import annotations

import os
import sys
import threading
import time

import zmqbind as zmq

HIGH_WATER_MARK = 100
BUFFER = 64 * 1024
MESSAGE = 1000
RATE = 1000  # messages a second
BATCH = 50


def set_up(socket):
    """The options that a pipeline with peers that come and go is bounded by, and recovers with."""
    socket.sndhwm = socket.rcvhwm = HIGH_WATER_MARK
    socket.sndbuf = socket.rcvbuf = BUFFER
    socket.reconnect_ivl, socket.reconnect_ivl_max = 100, 1000
    socket.linger = 30_000
    # A peer that was killed while packets were lost may never be heard of again: look for it.
    socket.heartbeat_ivl, socket.heartbeat_timeout = 1000, 10_000


class Log:
    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, line):
        os.write(self._file, f"{line}\n".encode())


def report(log):
    while True:
        with open("/proc/self/status") as status:
            resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
        log.write(f"process {resident} {len(os.listdir('/proc/self/fd'))}")
        time.sleep(1)


def produce(socket, incarnation, log, stopping):
    """PUSH: numbered messages, as many a second as RATE says, while there is room for them."""
    number = 0
    started = time.monotonic()
    socket.sndtimeo = 200
    padding = bytes(MESSAGE)
    while not stopping.is_set():
        try:
            socket.send_multipart([b"%d %d" % (incarnation, number), padding])
            number += 1
        except zmq.Again:
            pass
        ahead = started + number / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        elif ahead < -1:
            started = time.monotonic() - number / RATE
    log.write(f"sent {number}")


def consume(socket, log):
    """PULL: note what came, a batch at a time."""
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    while True:
        poller.poll()
        sender = first = last = None
        for _ in range(BATCH):
            try:
                head, padding = socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                break
            incarnation, number = map(int, head.bytes.split())
            assert len(padding) == MESSAGE
            if (incarnation, number - 1) != (sender, last):
                if last is not None:
                    log.write(f"{sender}: {first} {last}")
                sender, first = incarnation, number
            last = number
        if last is not None:
            log.write(f"{sender}: {first} {last}")


def ask(socket, log, stopping):
    """REQ: ask until there is an answer, which must be the one to this question. See docs/reliability.md."""
    socket.req_relaxed = socket.req_correlate = True
    socket.rcvtimeo, socket.sndtimeo = 1000, 1000
    number = 0
    while not stopping.is_set():
        question = b"question %d" % number
        asked = time.monotonic()
        while True:
            try:
                socket.send(question)
                answer = socket.recv()
                break
            except zmq.Again:
                log.write(f"late {number}")
        if answer != b"answer to " + question:
            log.write(f"wrong {number} {answer!r}")
        log.write(f"reply {number} {time.monotonic() - asked:.3f}")
        number += 1


def answer(socket):
    """REP."""
    while True:
        socket.send(b"answer to " + socket.recv())


def main():
    role, incarnation, path, endpoint = sys.argv[1:]
    how, kind = role.split("-")  # such as bind-push
    log = Log(path)
    stopping = threading.Event()
    context = zmq.Context()
    socket = context.socket(getattr(zmq, kind.upper()))
    set_up(socket)
    getattr(socket, how)(endpoint)
    threading.Thread(target=report, args=(log,), daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    if kind == "push":
        produce(socket, int(incarnation), log, stopping)
    elif kind == "pull":
        consume(socket, log)
    elif kind == "req":
        ask(socket, log, stopping)
    else:
        answer(socket)
    context.destroy()


if __name__ == "__main__":
    main()
