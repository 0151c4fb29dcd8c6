"""fork(): a child may not use what it inherited, and cannot harm its parent by dropping it."""

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

# Runs in a child interpreter of the test's, which forks: pytest itself has threads, and is no place to fork.
PRELUDE = """
import gc, os, sys
import zmqbind as zmq

context = zmq.Context.instance()
push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
pull.rcvtimeo = 20_000
push.bind("ENDPOINT")
pull.connect(push.last_endpoint)
push.send(b"before")
assert pull.recv() == b"before"

def in_child(function):
    sys.stdout.flush()
    child = os.fork()
    if not child:
        status = 1
        try:
            function()
            status = 0
        finally:
            sys.stdout.flush()
            if status or not LEAVE_NORMALLY:
                os._exit(status)
        sys.exit()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

def exchange():
    push.send(b"still")
    assert pull.recv() == b"still"
    push.send_multipart([b"works", b"well"])
    assert pull.recv_multipart() == [b"works", b"well"]

def refused(call):
    try:
        call()
    except zmq.ZMQError as error:
        assert "fork" in str(error) or "process" in str(error), error
    else:
        raise AssertionError("the child could use what its parent made")
"""

CALLS = {
    "send": "push.send(b'x')",
    "send without waiting": "push.send(b'x', zmq.DONTWAIT)",
    "send_multipart": "push.send_multipart([b'x', b'y'])",
    "recv": "pull.recv()",
    "recv without waiting": "pull.recv(zmq.DONTWAIT)",
    "recv a frame": "pull.recv(copy=False)",
    "recv_into": "pull.recv_into(bytearray(8))",
    "recv_multipart": "pull.recv_multipart()",
    "Socket.poll": "pull.poll(0)",
    "zmq_poll": "zmq.zmq_poll([(pull, zmq.POLLIN)], 0)",
    "get": "pull.get(zmq.EVENTS)",
    "set": "pull.set(zmq.LINGER, 0)",
    "attribute": "pull.events",
    "bind": "push.bind('inproc://child')",
    "connect": "push.connect('inproc://child')",
    "socket": "context.socket(zmq.PUSH)",
}


@pytest.fixture
def run_forking(run_python, endpoint_for):
    """``run_forking(code)``: runs `code` after the prelude, once the children's way out is chosen."""

    def run(code, leave_normally=False):
        prelude = PRELUDE.replace("ENDPOINT", endpoint_for("tcp")).replace("LEAVE_NORMALLY", str(leave_normally))
        after = "\nexchange()\ncontext.destroy(linger=0)\nprint('done')\n"
        # Only from CPython 3.12 on: fork() with threads, which libzmq has, is a warning there.
        ignore = "import warnings\nwarnings.simplefilter('ignore', DeprecationWarning)\n"
        assert run_python(ignore + prelude + code + after) == "done\n"

    return run


def test_every_call_of_a_child_is_refused(run_forking):
    code = "".join(f"refused(lambda: {call})\n    " for call in CALLS.values())
    run_forking(f"def child():\n    {code}\nin_child(child)\n")


def test_the_error_says_whose_it_is(run_forking):
    run_forking(
        """
def child():
    try:
        push.send(b"x")
    except zmq.ZMQError as error:
        assert "parent" in str(error), error
        return
    raise AssertionError
in_child(child)
"""
    )


def test_a_child_gets_a_shared_context_of_its_own(run_forking):
    run_forking(
        """
def child():
    mine = zmq.Context.instance()
    assert mine is not context
    assert mine is zmq.Context.instance()
    a, b = mine.socket(zmq.PAIR), mine.socket(zmq.PAIR)
    b.rcvtimeo = 20_000
    a.bind("tcp://127.0.0.1:*")
    b.connect(a.last_endpoint)
    a.send(b"x")
    assert b.recv() == b"x"
    mine.destroy(linger=0)
in_child(child)
assert zmq.Context.instance() is context
"""
    )


def test_parent_and_child_exchange_messages(run_forking):
    run_forking(
        """
reply = context.socket(zmq.REP)
reply.rcvtimeo = 20_000
reply.bind("tcp://127.0.0.1:*")
endpoint = reply.last_endpoint
child = os.fork()
if not child:
    with zmq.Context.instance() as mine, mine.socket(zmq.REQ) as request:
        request.rcvtimeo = 20_000
        request.connect(endpoint)
        request.send(b"question")
        os._exit(request.recv() != b"answer")
assert reply.recv() == b"question"
reply.send(b"answer")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    )


ENDINGS = {
    "closes": "push.close(); pull.close(); assert push.closed and pull.closed",
    "closes without lingering": "push.close(linger=0); pull.close(linger=0)",
    "terminates": "push.close(); pull.close(); context.term(); assert context.closed",
    "terminates with open sockets": "context.term()",
    "destroys": "context.destroy(linger=0); assert context.closed",
    "drops": "global push, pull, context\n    push = pull = context = None\n    gc.collect()",
    "leaves": "pass",
}


@pytest.mark.parametrize("leave_normally", [True, False], ids=["sys.exit", "os._exit"])
@pytest.mark.parametrize("name", ENDINGS)
def test_what_a_child_does_to_what_it_inherited(run_forking, name, leave_normally):
    run_forking(f"def child():\n    {ENDINGS[name]}\nin_child(child)\nexchange()\nin_child(child)\n", leave_normally)


def test_fork_with_a_lent_buffer(run_forking):
    run_forking(
        """
buffer = bytearray(200_000)
tracker = push.send(buffer, copy=False, track=True)
in_child(lambda: (push.close(), pull.close(), gc.collect()))
assert pull.recv() == bytes(200_000)
tracker.wait(20)
""",
        leave_normally=True,
    )


def test_multiprocessing_by_fork(run_python):
    """The child of a pool uses Context.instance(), as programs do."""
    output = run_python(
        """
        import multiprocessing, warnings
        import zmqbind as zmq
        warnings.simplefilter("ignore", DeprecationWarning)

        def work(endpoint):
            context = zmq.Context.instance()
            with context.socket(zmq.PUSH) as push:
                push.connect(endpoint)
                push.send(b"from a child")
            context.term()

        pull = zmq.Context.instance().socket(zmq.PULL)
        pull.rcvtimeo = 20_000
        pull.bind("tcp://127.0.0.1:*")
        children = [
            multiprocessing.get_context("fork").Process(target=work, args=(pull.last_endpoint.decode(),))
            for _ in range(3)
        ]
        for child in children:
            child.start()
        for child in children:
            assert pull.recv() == b"from a child"
        for child in children:
            child.join()
            assert child.exitcode == 0
        pull.close()
        print("done")
        """
    )
    assert output == "done\n"
