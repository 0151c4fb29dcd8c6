"""The operations of an event loop's sockets when everything that can fail does: at once, and when they had to wait."""

from __future__ import annotations

import asyncio
import errno

import pytest
from faults.harness import drive, rebound

import zmqbind as zmq
import zmqbind.asyncio

PATIENCE = 20  # seconds
PARTS = [b"one", bytes(100_000), b""]

RECEIVE = {
    "recv": (lambda s: s.recv(), [b"one"]),
    "recv copy=False": (lambda s: s.recv(copy=False), [b"one"]),
    "recv_string": (lambda s: s.recv_string(), [b"one"]),
    "recv_into": (lambda s: s.recv_into(bytearray(10)), [b"one"]),
    "recv_multipart": (lambda s: s.recv_multipart(), PARTS),
    "recv_multipart copy=False": (lambda s: s.recv_multipart(copy=False), PARTS),
    "recv_batch": (lambda s: s.recv_batch(), [b"one"]),
    "recv_batch_multipart": (lambda s: s.recv_batch_multipart(), PARTS),
    "poll": (lambda s: s.poll(), [b"one"]),
}
# Short, so that libzmq's thread takes a message at once: where a socket is closed with LINGER 0 just when its peer
# disconnects amid a message, libzmq 4.3.4 aborts (session_base.cpp:260).
SHORT_PARTS = [b"one", bytes(1000), b""]
SEND = {
    "send": (lambda s, parts: s.send(parts[0]), [b"one"]),
    "send copy=False": (lambda s, parts: s.send(parts[0], copy=False), [bytes(100_000)]),
    "send_multipart": (lambda s, parts: s.send_multipart(parts), SHORT_PARTS),
    "send_multipart copy=False": (lambda s, parts: s.send_multipart(parts, copy=False, track=True), SHORT_PARTS),
    "send_batch": (lambda s, parts: s.send_batch(parts), [b"one"]),
    "send_batch_multipart": (lambda s, parts: s.send_batch_multipart([parts]), SHORT_PARTS),
}

# Their failure, after a part has been received, costs it, as in blocking sockets. Within a message, libzmq itself never
# fails to give the next part.
LOSING = ("PyBytes_FromStringAndSize", "PyUnicode_DecodeUTF8", "PyObject_GetBuffer", "zmq_msg_recv")
RAISED = {zmq.ETERM: zmq.ContextTerminated}


class Loop:
    """An event loop that fails where something in it does."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.complaints = []
        self.loop.set_exception_handler(lambda loop, details: self.complaints.append(details))

    def run(self, make_future, then=None):
        """The result of the future that make_future() returns; then() is called when it has been made."""

        async def main():
            future = make_future()
            if then is not None:
                then()
            return await asyncio.wait_for(future, PATIENCE)

        return self.loop.run_until_complete(main())

    def settle(self):
        """Cancel what an exception that came out of the loop itself has left."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(asyncio.sleep(0))

    def left_in(self, receiver):
        """The messages that can still be received, before one that says that it is the last."""
        messages = []
        while messages[-1:] != [[b"end"]]:
            messages.append(self.run(receiver.recv_multipart))
        return messages[:-1]

    def close(self):
        self.loop.close()
        assert not self.complaints


@pytest.fixture
def peer_of(tmp_path):
    """``peer_of(socket)``: a peer for a PUSH or PULL socket, in another binding, whose calls do not fail, and the
    function that connects it, once.
    """
    pyzmq = pytest.importorskip("zmq")
    context = pyzmq.Context()

    def connect(socket):
        peer = context.socket(pyzmq.PULL if socket.type == zmq.PUSH else pyzmq.PUSH)
        peer.linger = 0
        peer.rcvtimeo = PATIENCE * 1000
        endpoints = [rebound(socket, f"ipc://{tmp_path}/{id(peer)}")]
        return peer, lambda: endpoints and peer.connect(endpoints.pop())

    yield connect
    context.destroy(linger=0)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("call", RECEIVE)
def test_receive(fault, peer_of, call, waits):
    """What an operation that failed would have received is there for the next one."""
    receive, parts = RECEIVE[call]

    def scenario(world):
        loop = Loop()
        receiver = zmq.asyncio.Socket(world.socket(zmq.PULL))
        peer, connect = peer_of(receiver)
        connect()
        messages = [parts, [b"end"]]

        def arrive():
            peer.send_multipart(messages.pop(0))

        if not waits:
            arrive()
            assert loop.run(lambda: receiver.poll(PATIENCE * 1000))
        outcome = yield lambda: loop.run(lambda: receive(receiver), arrive if waits else None)
        loop.settle()
        while messages:
            arrive()
        rest = loop.left_in(receiver)
        taken = outcome.done and call != "poll"
        if outcome.hits and outcome.hits[0] in LOSING:
            assert rest in ([], [parts], [parts[1:]], [parts[2:]])
        elif outcome.interrupted:
            assert rest in ([], [parts])
        else:
            assert rest == ([] if taken else [parts])
        peer.close()
        receiver.close()
        loop.close()

    if fault.code != errno.EAGAIN:  # which libzmq does not say when something is there
        batch = {"zmq_msg_recv": [None, RAISED.get(fault.code, zmq.ZMQError)]} if "batch" in call else None
        drive(scenario, fault, becomes=batch)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("call", SEND)
def test_send(fault, peer_of, call, waits):
    """What an operation that failed would have sent has not been sent; unless a part had been."""
    send, parts = SEND[call]

    def scenario(world):
        loop = Loop()
        sender = zmq.asyncio.Socket(world.socket(zmq.PUSH))
        peer, connect = peer_of(sender)
        if not waits:
            connect()
            assert loop.run(lambda: sender.poll(PATIENCE * 1000, zmq.POLLOUT))
        sent = [world.payload(bytearray(part)) for part in parts]
        outcome = yield lambda: loop.run(lambda: send(sender, sent), connect if waits else None)
        loop.settle()
        connect()
        torn = outcome.hits and outcome.hits[0] == "zmq_msg_send" and len(parts) > 1 and not outcome.done
        if torn:  # the rest of a message that has begun would be taken for the next one
            sender.close()
        else:
            loop.run(lambda: sender.send(b"end"))
            received = list(iter(peer.recv_multipart, [b"end"]))
            assert received in ([[], [parts]] if outcome.interrupted else [[parts] if outcome.done else []])
        peer.close()
        sender.close()
        loop.close()

    if fault.code != errno.EAGAIN:
        drive(scenario, fault)
