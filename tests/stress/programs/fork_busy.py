"""Fork CHILDREN times out of a process whose threads send, receive, lend, poll, and make and end contexts.

Each child finds out that nothing it inherited can be used, makes a context of its own and uses it, and ends in one of
many ways. The parent's traffic must have nothing lost or doubled. Prints the children and the parent's messages.
"""

import gc
import multiprocessing
import os
import sys
import threading
import time
import warnings

import zmqbind as zmq

warnings.simplefilter("ignore")
sys.setswitchinterval(1e-5)
how, children = sys.argv[1], int(sys.argv[2])
PATIENCE = 30

running = True
context = zmq.Context.instance()
failures = []


def pair():
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.rcvtimeo = push.sndtimeo = PATIENCE * 1000
    pull.bind("tcp://127.0.0.1:*")
    push.connect(pull.last_endpoint)
    return pull, push


def send(push, counts):
    number = 0
    while running or not number:
        if number % 10:
            push.send_multipart([b"%d" % number, b"x"])
        else:
            push.send_multipart([b"%d" % number, bytearray(70_000)], copy=False)
        number += 1
    push.send_multipart([b"end", b"%d" % number])
    counts.append(number)


def receive(pull):
    number = 0
    while True:
        head, _ = pull.recv_multipart()
        if head == b"end":
            return
        if int(head) != number:
            failures.append(f"{head!r} instead of {number}")
        number += 1


def make_contexts():
    while running:
        own = zmq.Context()
        with own.socket(zmq.PAIR) as socket:
            socket.bind("inproc://own")
            socket.poll(1)
        own.term()


def use_instance():
    """Context.instance() of a subclass, again and again made anew: its lock may be held at the fork."""

    class Own(zmq.Context):
        pass

    while running:
        Own.instance().term()


def refused(call):
    try:
        call()
    except zmq.ZMQError as error:
        assert "parent process" in str(error), error
    else:
        raise AssertionError("the child could use what its parent made")


def in_child(number, sockets):
    for pull, push in sockets:
        refused(lambda pull=pull: pull.recv(zmq.DONTWAIT))
        refused(lambda push=push: push.send(b"x"))
        refused(lambda push=push: push.poll(0))
    refused(lambda: context.socket(zmq.PUSH))
    mine = zmq.Context.instance()
    assert mine is not context
    a, b = mine.socket(zmq.PAIR), mine.socket(zmq.PAIR)
    a.rcvtimeo = PATIENCE * 1000
    b.bind("tcp://127.0.0.1:*")
    a.connect(b.last_endpoint)
    b.send(bytearray(70_000), copy=False)
    assert len(a.recv()) == 70_000
    kind = number % 6
    if kind == 0:
        mine.destroy(linger=0)
        context.destroy(linger=0)
    elif kind == 1:
        for pull, push in sockets:
            pull.close()
            push.close(linger=0)
        context.term()
    elif kind == 2:
        sockets.clear()
        gc.collect()
    elif kind == 3:
        context.term()
        gc.collect()
    elif kind == 4:
        a.close()
        b.close()
        mine.term()


def child(number, sockets):
    status = 1
    try:
        in_child(number, sockets)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        if status or number % 2:
            sys.stderr.flush()
            os._exit(status)
    sys.exit(0)


def wait(process_id, number):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        done, status = os.waitpid(process_id, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(process_id, 9)
    os.waitpid(process_id, 0)
    return f"child {number} hangs"


sockets = [pair() for _ in range(2)]
counts = []
threads = [threading.Thread(target=make_contexts), threading.Thread(target=use_instance)]
for pull, push in sockets:
    threads.append(threading.Thread(target=receive, args=(pull,)))
    threads.append(threading.Thread(target=send, args=(push, counts)))
for thread in threads:
    thread.start()

for number in range(children):
    if how == "os.fork":
        process_id = os.fork()
        if not process_id:
            child(number, sockets)
        status = wait(process_id, number)
    else:
        process = multiprocessing.get_context("fork").Process(target=in_child, args=(number, sockets))
        process.start()
        process.join(PATIENCE)
        status = process.exitcode
        if status is None:
            process.kill()
    if status != 0:
        failures.append(f"child {number}: {status}")
        break

running = False
for thread in threads:
    thread.join(PATIENCE)
    if thread.is_alive():
        failures.append(f"{thread.name} hangs")
if failures:
    print(failures[:10])
    sys.stdout.flush()
    os._exit(1)
context.destroy(linger=0)
print(children, sum(counts))
