"""The main thread waits in recv while a peer in another process takes what it lent. Prints whether it comes back."""

import multiprocessing
import os
import threading
import time
import weakref

import zmqbind as zmq

COUNT, SIZE = 10, 2_000_000
PATIENCE = 30  # seconds


class Lent(bytearray):
    pass


def take(endpoint, pipe):
    pull = zmq.Context.instance().socket(zmq.PULL)
    pull.rcvhwm, pull.rcvbuf = 1, 4096
    pull.connect(endpoint)
    pipe.recv()
    for _ in range(COUNT):
        assert len(pull.recv()) == SIZE
    pipe.send("taken")
    pipe.poll(None)


if __name__ == "__main__":
    context = zmq.Context.instance()
    push, other = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    push.bind("tcp://127.0.0.1:*")
    push.sndbuf = 4096
    spawn = multiprocessing.get_context("spawn")
    pipe, theirs = spawn.Pipe()
    peer = spawn.Process(target=take, args=(push.last_endpoint, theirs), daemon=True)
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
        pipe.send("start")
        end = time.monotonic() + PATIENCE
        lent = COUNT
        if pipe.poll(PATIENCE) and pipe.recv() == "taken":
            while lent and time.monotonic() < end:
                time.sleep(0.05)
                lent = sum(reference() is not None for reference in references)
        print(f"{lent} still lent" if lent else "released")
        peer.kill()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    other.recv()
