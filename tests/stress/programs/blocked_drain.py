"""The main thread waits in recv while a peer in another process takes what it lent. Prints whether it comes back."""

import multiprocessing
import os
import threading
import time
import weakref

import zmqbind as zmq

COUNT, SIZE = 10, 2_000_000
ROUNDS = 100  # of 50 ms


class Lent(bytearray):
    pass


def take(endpoint, start, taken):
    pull = zmq.Context.instance().socket(zmq.PULL)
    pull.rcvhwm, pull.rcvbuf = 1, 4096
    pull.connect(endpoint)
    start.wait()
    for _ in range(COUNT):
        assert len(pull.recv()) == SIZE
    taken.set()
    time.sleep(60)


if __name__ == "__main__":
    context = zmq.Context.instance()
    push, other = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    push.bind("tcp://127.0.0.1:*")
    push.sndbuf = 4096
    spawn = multiprocessing.get_context("spawn")
    start, taken = spawn.Event(), spawn.Event()
    peer = spawn.Process(target=take, args=(push.last_endpoint, start, taken), daemon=True)
    peer.start()

    references = []
    for _ in range(COUNT):
        buffer = Lent(SIZE)
        references.append(weakref.ref(buffer))
        push.send(buffer, copy=False)
        del buffer

    def watch():
        while True:
            try:
                other.get(zmq.LINGER)
            except zmq.ConcurrentUseError:
                break
            time.sleep(0.001)
        time.sleep(0.2)  # the first look around, after 50 ms, is over
        start.set()
        taken.wait()
        for _ in range(ROUNDS):
            if not any(reference() is not None for reference in references):
                break
            time.sleep(0.05)
        print("released" if not any(r() is not None for r in references) else "still lent")
        peer.kill()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    other.recv()
